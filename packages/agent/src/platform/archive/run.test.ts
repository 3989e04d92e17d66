import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { shelve } from "../../testing/shelved.js";
import { tempDir, type TempDir } from "../../testing/temp-dir.js";
import { until } from "../../testing/until.js";
import type { CopyJob } from "./job.js";
import { runArchive, type ArchiveRun } from "./run.js";

const program = fileURLToPath(new URL("../../archive.js", import.meta.url));
/** More than Node has threads for files, each of another set: of one set they come one after the other. */
const ids = ["a", "b", "c", "d", "e"].map((set) => `shop.${set}.20261120T100000Z`);

function shelved(content?: Buffer): TempDir & { copy: (id: string, how: ArchiveRun) => Promise<unknown> } {
  const temp = tempDir();
  for (const id of ids) shelve(temp.at("first"), id, content);
  mkdirSync(temp.at("second"));
  const places = { directory: temp.at("first"), to: temp.at("second"), mustBeMount: false };
  const job = (id: string): CopyJob => ({ do: "copy", id, ...places, agentId: "0".repeat(32) });
  return { ...temp, copy: (id, how) => runArchive(job(id), { program }, how) };
}

test("copies to a disk that hangs take nothing from whoever wants them, and can be withdrawn", async () => {
  using temp = shelved();
  // Whoever opens a pipe to write into it waits for a reader.
  for (const id of ids) execFileSync("mkfifo", [temp.at(`second/${id}.tar.gz.part`)]);
  const end = new AbortController();
  const copies = ids.map((id) => temp.copy(id, { progress: () => undefined, signal: end.signal }));
  const refused = Promise.all(copies.map((one) => assert.rejects(one, { code: "cancelled" })));
  try {
    await until(() => ids.every((id) => existsSync(temp.at(`second/${id}.json.part`))), "all hang");
    assert.equal((await readdir(temp.at("first"))).length, 3 * ids.length);
  } finally {
    end.abort();
  }
  await refused;
  await temp.copy(ids[0] ?? "", { progress: () => undefined, signal: new AbortController().signal });
  assert.equal(readdirSync(temp.at("second"))[0], `${ids[0]}.json`);
});

test("a copy that is withdrawn removes by itself what it has begun", async () => {
  using temp = shelved(Buffer.alloc(100 * 1024 * 1024));
  const end = new AbortController();
  const progress: ArchiveRun["progress"] = ({ bytes }) => bytes > 0 && end.abort();
  await assert.rejects(temp.copy(ids[0] ?? "", { progress, signal: end.signal }), { code: "cancelled" });
  assert.deepEqual(readdirSync(temp.at("second")), []);
});

test("one that does not end, whatever is done, is given up", async () => {
  using temp = shelved();
  // What holds its output is in a session of its own, where no signal to the program comes.
  const text = `import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
const { pid } = spawn("sleep", ["1000"], { detached: true, stdio: "inherit" });
writeFileSync(${JSON.stringify(temp.at("pid"))}, String(pid));`;
  const end = new AbortController();
  const job: CopyJob = {
    ...{ do: "copy", id: ids[0] ?? "", directory: temp.at("first"), to: temp.at("second") },
    ...{ mustBeMount: false, agentId: "" },
  };
  const running = runArchive(
    job,
    { program: temp.write("stubborn.mjs", text) },
    { progress: () => undefined, signal: end.signal },
  );
  const refused = assert.rejects(running, { code: "failed", message: /does not end, not even by SIGKILL/ });
  const pid = await until(() => existsSync(temp.at("pid")) && readFileSync(temp.at("pid"), "utf8"), "it hangs");
  try {
    end.abort();
    await refused;
  } finally {
    process.kill(Number(pid), "SIGKILL");
  }
});
