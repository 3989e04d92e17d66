import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { postponed } from "./late-environment.js";

test("an environment that no loader or shell heeds stays as it is", () => {
  const env = { PATH: "/bin", LANG: "C", HOME: "/" };
  assert.deepEqual(postponed(env), { env, words: [] });
});

test("a variable that loads code is heeded by the program alone, not by what starts it", () => {
  const { env, words } = postponed({ PATH: "/bin", LD_PRELOAD: "/no/such 'library' $(id).so", PS4: "$(id)" });
  assert.deepEqual(Object.keys(env), ["PATH", "OSTLER_LATE_LD_PRELOAD", "OSTLER_LATE_PS4"]);
  assert.ok(!words.join(" ").includes("library"), "its value is in no argument");
  const { stdout, stderr } = spawnSync("/usr/bin/env", [...words, "/usr/bin/env"], { env, encoding: "utf8" });
  assert.match(stdout, /^LD_PRELOAD=\/no\/such 'library' \$\(id\)\.so$/m);
  assert.match(stdout, /^PS4=\$\(id\)$/m);
  assert.ok(!stdout.includes("OSTLER_LATE"));
  assert.match(stderr, /cannot be preloaded/, "the loader of the program has seen it");
});
