import assert from "node:assert/strict";
import { mkdirSync, symlinkSync } from "node:fs";
import { test } from "node:test";
import { tempDir, type TempDir } from "../../testing/temp-dir.js";
import { refuseOwn } from "./refuse-own.js";

const signal = new AbortController().signal;

/** `lib/agent` is the agent's, with others in it, and `lib/agent/backups` its own alone; `var` leads to `lib`. */
function host(): TempDir {
  const dir = tempDir();
  mkdirSync(dir.at("lib/agent/backups"), { recursive: true });
  mkdirSync(dir.at("lib/redis"));
  symlinkSync("lib", dir.at("var"));
  return dir;
}

function refuse(dir: TempDir, place: string, backups = "lib/agent/backups"): Promise<void> {
  const own = [
    { path: dir.at(backups), what: "where backups are kept", isOursAlone: true, isOfBackups: true },
    { path: dir.at("lib/agent"), what: "where the agent keeps what it knows", isOursAlone: false, isOfBackups: false },
  ];
  return refuseOwn([dir.at("lib/redis"), place.startsWith("/") ? place : dir.at(place)], own, signal);
}

test("what is, holds or lies in the agent's backups is refused, and says what to do", async () => {
  using dir = host();
  const said = (relation: string) => ({
    code: "wrong-state",
    message: new RegExp(`it ${relation} \\S+lib/agent/backups, where backups are kept.*--to.*--only`),
  });
  await assert.rejects(refuse(dir, "lib/agent/backups"), said("is"));
  await assert.rejects(refuse(dir, "lib/agent"), said("holds"));
  await assert.rejects(refuse(dir, "lib"), said("holds"));
  await assert.rejects(refuse(dir, "/"), said("holds"));
  await assert.rejects(refuse(dir, "lib/agent/backups/old"), said("lies in"));
});

test("links are followed, above a place and on the way to what is the agent's", async () => {
  using dir = host();
  await assert.rejects(refuse(dir, "var/agent"), /holds/);
  await assert.rejects(refuse(dir, "var/agent/backups/missing/deep"), /lies in/);
  await assert.rejects(refuse(dir, "lib/agent/backups", "var/agent/backups"), /it is/);
  await assert.rejects(refuse(dir, "var", "var/agent/backups"), /holds/);
});

test("what others have beside the agent, or in a directory of its, is restored", async () => {
  using dir = host();
  await refuse(dir, "lib/redis");
  await refuse(dir, "lib/agent/of-a-service");
  await refuse(dir, "lib/agent/backups-of-others");
  await refuse(dir, "var");
});
