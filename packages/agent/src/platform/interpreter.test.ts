import assert from "node:assert/strict";
import { test } from "node:test";
import { tempDir } from "../testing/temp-dir.js";
import { missingInterpreter } from "./interpreter.js";

/** Why a script with this first line cannot run. */
function whyNot(head: string): string | undefined {
  using dir = tempDir();
  dir.write("plain", "text", 0o644);
  return missingInterpreter(dir.write("script", head, 0o755), dir.path)?.replaceAll(dir.path, "DIR");
}

test("a script whose interpreter is there can run, and so can what is no script", () => {
  for (const head of [
    "#!/bin/sh\n",
    "#! /bin/sh -e\n",
    "#!\t/usr/bin/env node\n",
    "#!/bin/sh",
    "#!",
    "echo",
    "",
    "\0ELF",
  ])
    assert.equal(whyNot(head), undefined, JSON.stringify(head));
});

test("a script whose interpreter is missing or no program says so", () => {
  const named = (interpreter: string): string => `DIR/script names the interpreter ${interpreter} in its first line`;
  assert.equal(whyNot("#!/opt/none/python3 -u\n"), `${named("/opt/none/python3")}: /opt/none/python3 does not exist.`);
  assert.equal(whyNot("#!none\n"), `${named("none")}: DIR/none does not exist.`);
  assert.match(whyNot("#!plain\n") ?? "", /: DIR\/plain is not executable for this user\./);
});

test("a script with line ends of Windows says so", () => {
  assert.match(whyNot("#!/bin/sh\r\necho\r\n") ?? "", /the interpreter \/bin\/sh in .* line ends of Unix\.$/);
});

test("what cannot be read is no script", () => {
  assert.equal(missingInterpreter("/does/not/exist", "/"), undefined);
});
