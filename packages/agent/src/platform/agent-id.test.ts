import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { test } from "node:test";
import { tempDir } from "../testing/temp-dir.js";
import { agentIdIn, derivedAgentId, uuidv7 } from "./agent-id.js";

const version7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test("an identity is a UUID of version 7, whatever the random bits", () => {
  for (const bits of [0x00, 0xff, 0x55]) assert.match(uuidv7(Date.now(), Buffer.alloc(10, bits)), version7);
  assert.equal(uuidv7(0x0123456789ab, Buffer.alloc(10, 0xff)), "01234567-89ab-7fff-bfff-ffffffffffff");
});

test("identities sort by the time they were made", () => {
  const [early, late] = [uuidv7(1_000_000, Buffer.alloc(10, 0xff)), uuidv7(1_000_001, Buffer.alloc(10))];
  assert.ok(early < late);
});

test("an agent keeps the identity it was given, for its owner's eyes", async () => {
  using dir = tempDir();
  const id = await agentIdIn(dir.path);
  assert.match(id, version7);
  assert.equal(await agentIdIn(dir.path), id);
  assert.equal(readFileSync(dir.at("agent.id"), "utf8"), `${id}\n`);
  assert.equal(statSync(dir.at("agent.id")).mode & 0o077, 0);
});

test("two agents are two identities", async () => {
  using one = tempDir();
  using other = tempDir();
  assert.notEqual(await agentIdIn(one.path), await agentIdIn(other.path));
});

test("an identity file that was cut off is made anew", async () => {
  using dir = tempDir();
  dir.write("agent.id", "");
  assert.match(await agentIdIn(dir.path), version7);
});

test("where none can be stored there is an error, and an identity that is always the same instead", async () => {
  using dir = tempDir();
  const file = dir.write("no-directory", "");
  await assert.rejects(agentIdIn(file), { code: "ENOTDIR" });
  assert.match(derivedAgentId("/var/lib/ostler"), version7);
  assert.equal(derivedAgentId("/var/lib/ostler"), derivedAgentId("/var/lib/ostler"));
  assert.notEqual(derivedAgentId("/var/lib/ostler"), derivedAgentId("/srv/ostler"));
});
