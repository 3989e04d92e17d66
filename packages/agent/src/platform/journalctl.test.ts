import assert from "node:assert/strict";
import { chmodSync } from "node:fs";
import { test } from "node:test";
import { tempDir, type TempDir } from "../testing/temp-dir.js";
import { parseEntry, readJournal } from "./journalctl.js";

const never = new AbortController().signal;

/** An environment in which journalctl is this script. */
function journalctl(dir: TempDir, script: string): NodeJS.ProcessEnv {
  chmodSync(dir.write("journalctl", `#!/bin/sh\n${script}\n`), 0o755);
  return { PATH: `${dir.path}:/usr/bin:/bin` };
}

test("a field is text, bytes, or several values of which the last counts", () => {
  assert.deepEqual(parseEntry('{"A":"text","B":[195,188],"C":["one","two"],"D":null}'), {
    A: "text",
    B: "ü",
    C: "two",
    D: "",
  });
});

test("entries come in the order of the journal, and a failure says what journalctl said", async () => {
  using dir = tempDir();
  const env = journalctl(dir, `echo '{"MESSAGE":"one"}'; echo '{"MESSAGE":"two"}'; echo "no such unit" >&2; exit 1`);
  const seen: (string | undefined)[] = [];
  await assert.rejects(
    async () => {
      for await (const { MESSAGE } of readJournal([], never, env)) seen.push(MESSAGE);
    },
    { code: "failed", message: "journalctl ended with 1: no such unit" },
  );
  assert.deepEqual(seen, ["one", "two"]);
});

test("a host without a journal is told as such", async () => {
  using dir = tempDir();
  await assert.rejects(readJournal([], never, { PATH: dir.path }).next(), /journalctl could not be run: .*ENOENT/);
});

test("whoever stops reading leaves nothing behind, however much is still to be read", async () => {
  using dir = tempDir();
  const env = journalctl(dir, `while :; do echo '{"MESSAGE":"more"}'; done`);
  for await (const { MESSAGE } of readJournal([], never, env)) {
    assert.equal(MESSAGE, "more");
    break;
  }
});

test("who follows is let go when the signal aborts", async () => {
  using dir = tempDir();
  const env = journalctl(dir, `echo '{"MESSAGE":"one"}'; exec sleep 1000`);
  const stop = new AbortController();
  const seen: string[] = [];
  for await (const { MESSAGE = "" } of readJournal(["--follow"], stop.signal, env)) {
    seen.push(MESSAGE);
    stop.abort();
  }
  assert.deepEqual(seen, ["one"]);
});
