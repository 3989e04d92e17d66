import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { tempDir } from "../testing/temp-dir.js";
import { substitute } from "./substitute.js";

/** The filled text, or the problem. */
function fill(text: string, env: NodeJS.ProcessEnv = {}, base = "/"): string {
  const filled = substitute(text, env, base);
  return "problem" in filled ? `problem: ${filled.problem}` : filled.text;
}

test("a variable is replaced wherever it stands, as often as it stands", () => {
  assert.equal(fill("${HOST}:${PORT}/${HOST}", { HOST: "a", PORT: "1" }), "a:1/a");
});

test("a default stands in for a variable that is unset or empty, as in a shell", () => {
  assert.equal(fill("${PORT:-80}"), "80");
  assert.equal(fill("${PORT:-80}", { PORT: "" }), "80");
  assert.equal(fill("${PORT:-80}", { PORT: "81" }), "81");
  assert.equal(fill("a${PORT:-}b"), "ab");
  assert.equal(fill("${URL:-http://a:1/?x=:-}"), "http://a:1/?x=:-");
});

test("an empty variable is empty where no default is given", () => {
  assert.equal(fill("<${EMPTY}>", { EMPTY: "" }), "<>");
});

test("an unset variable is a problem that names it and both ways out", () => {
  assert.match(fill("x ${NOPE} y"), /^problem: \$\{NOPE\}: .*not set; set it, or give a default: \$\{NOPE:-…\}$/);
});

test("two dollars are one dollar, and a lone dollar stays", () => {
  assert.equal(fill("$$HOME $${HOME} $HOME 5$ $", { HOME: "/root" }), "$HOME ${HOME} $HOME 5$ $");
});

test("what is no variable is refused instead of left in the text", () => {
  for (const text of ["${}", "${a b}", "${1A}", "${A:+x}", "${A-x}"])
    assert.match(fill(text), /write \$\$ for a dollar/);
});

test("a value is taken as it is: variables in it are not filled again", () => {
  assert.equal(fill("${A}", { A: "${B} $$ $&" }), "${B} $$ $&");
});

test("a file's content is a secret, without the newline that editors leave", () => {
  using dir = tempDir();
  const file = dir.write("token", "s3cret\n");
  assert.deepEqual(substitute(`Bearer \${file:${file}}`, {}, "/"), { text: "Bearer s3cret", secrets: ["s3cret"] });
  dir.write("windows", "a\r\nb\r\n");
  assert.equal(fill(`\${file:${dir.at("windows")}}`), "a\r\nb");
});

test("a relative file lies beside the configuration, wherever the agent was started", () => {
  using dir = tempDir();
  dir.write("token", "s3cret");
  assert.equal(fill("${file:token}", {}, dir.path), "s3cret");
});

test("a credential is read from the directory that systemd names", () => {
  using dir = tempDir();
  dir.write("token", "s3cret\n");
  assert.equal(fill("${cred:token}", { CREDENTIALS_DIRECTORY: dir.path }), "s3cret");
  assert.match(fill("${cred:token}"), /^problem: .*LoadCredential=/);
});

test("a file that cannot be read is a problem that names it", () => {
  using dir = tempDir();
  assert.match(fill(`\${file:${dir.at("none")}}`), /^problem: .*ENOENT.*none/);
  assert.match(fill(`\${file:${dir.path}}`), /^problem: .*EISDIR/);
});

test("text without dollar signs is never changed", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      fc.pre(!text.includes("$"));
      assert.equal(fill(text), text);
    }),
  );
});
