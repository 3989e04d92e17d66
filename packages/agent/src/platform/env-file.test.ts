import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import fc from "fast-check";
import { tempDir } from "../testing/temp-dir.js";
import { parseEnvFile, readEnvFile } from "./env-file.js";

/** What a text sets, or what is wrong with it. */
function read(text: string): Record<string, string> | string {
  const parsed = parseEnvFile(text);
  return "problem" in parsed ? parsed.problem : parsed.values;
}

test("a line sets a variable, and the last line for it wins", () => {
  assert.deepEqual(read("A=1\nB_2=x y\nA=3"), { A: "3", B_2: "x y" });
  assert.deepEqual(read("URL=postgres://u:p@h/db?a=b#c\n"), { URL: "postgres://u:p@h/db?a=b#c" });
  assert.deepEqual(read("EMPTY=\nNEXT=1\n"), { EMPTY: "", NEXT: "1" });
});

test("empty lines, comments and lines without = do not count", () => {
  assert.deepEqual(read("\n  \n# A=1\n; B=2\n  # C=3\nnothing\nD=4 # not a comment\n"), { D: "4 # not a comment" });
  assert.deepEqual(read("# ends with a backslash \\\nA=1"), { A: "1" });
  assert.deepEqual(read(""), {});
});

test("blanks around a value are dropped, those in it stay", () => {
  assert.deepEqual(read(" A =  x  y \t\r\nB=z\r\n"), { A: "x  y", B: "z" });
});

test("quotes keep blanks, lines and each other", () => {
  assert.deepEqual(read(`A=" x "\nB=' y '\nC="it's"\nD='say "hi"'\n`), {
    A: " x ",
    B: " y ",
    C: "it's",
    D: 'say "hi"',
  });
  assert.deepEqual(read(`PEM="-----BEGIN\nab==\n-----END"\nNEXT='1\n2'`), {
    PEM: "-----BEGIN\nab==\n-----END",
    NEXT: "1\n2",
  });
  assert.deepEqual(read(`A="x"  'y'z\nB=it's\n`), { A: "xyz", B: "it's" });
});

test("a backslash takes the meaning from what follows, and a line goes on after one", () => {
  assert.deepEqual(read("A=one \\\ntwo\nB=a\\tb\nC=\\\\\nD=\\'x\\ \n"), { A: "one two", B: "atb", C: "\\", D: "'x " });
  assert.deepEqual(read('A="\\"\\$\\`\\\\ \\n"\nB="x\\\ny"\n'), { A: '"$`\\ \\n', B: "xy" });
  assert.deepEqual(read("A='\\n\\'\nB=x\\"), { A: "\\n\\", B: "x" });
});

test("what nobody can have meant is told with its line and without its text", () => {
  assert.equal(read("A=1\nexport B=s3cret\n"), "line 2 has no variable name before its first =");
  assert.equal(read("A=1\n\nB='s3cret\nC=2\n"), "the quote that begins in line 3 has no end");
});

test("what a shell quotes is read as the shell means it, whatever it is", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b", " ", "\t", '"', "'", "\\", "$", "`", "#", ";", "=", "\n") });
  fc.assert(
    fc.property(text, (value) => {
      const quoted = `'${value.replaceAll("'", `'"'"'`)}'`;
      assert.deepEqual(read(`A=${quoted}\nB=after\n`), { A: value, B: "after" });
    }),
  );
  const value = `a "b" 'c' $d \\e`;
  const quoted = `'${value.replaceAll("'", `'"'"'`)}'`;
  assert.equal(execFileSync("/bin/sh", ["-c", `A=${quoted}; printf %s "$A"`], { encoding: "utf8" }), value);
});

test("a file that is absent is told, unless it may be", () => {
  using dir = tempDir();
  assert.match(
    JSON.stringify(readEnvFile({ path: dir.at("none"), optional: false })),
    /does not exist\. Write it, or put - before its path/,
  );
  assert.deepEqual(readEnvFile({ path: dir.at("none"), optional: true }), { values: {} });
});

test("a file that cannot be an environment is told, also when it is optional", () => {
  using dir = tempDir();
  const reason = (path: string): string => JSON.stringify(readEnvFile({ path, optional: true }));
  assert.match(reason(dir.path), /is no regular file/);
  assert.match(reason("/dev/zero"), /is no regular file/);
  assert.match(reason(dir.write("nul", "A=s3cret\0")), /contains NUL bytes/);
  assert.match(reason(dir.write("latin", Buffer.from([0x41, 0x3d, 0xff]))), /is not UTF-8/);
  assert.match(reason(dir.write("large", "#".repeat(1024 * 1024 + 1))), /has 1048577 bytes/);
  assert.match(reason(dir.write("odd", "no name=s3cret")), /odd: line 1 has no variable name before its first =\./);
  assert.match(reason(dir.at("large/deeper")), /cannot be read: ENOTDIR/);
});
