import assert from "node:assert/strict";
import { test } from "node:test";
import { allows, commands, isCommandName, scopes, type CommandSpec } from "./index.js";

test("each scope includes the ones before it, and no other", () => {
  const table = scopes.map((granted) => scopes.filter((needed) => allows([granted], needed)).join(" "));
  assert.deepEqual(table, ["read", "read write", "read write admin"]);
});

test("no scope allows nothing, and of several the widest counts", () => {
  assert.deepEqual(
    scopes.map((needed) => allows([], needed)),
    [false, false, false],
  );
  assert.deepEqual(
    scopes.map((needed) => allows(["write", "read"], needed)),
    [true, true, false],
  );
});

test("only commands of the catalogue are commands, whatever every object has", () => {
  const names = ["service.start", "service.explode", "constructor", "__proto__", ""];
  assert.deepEqual(names.map(isCommandName), [true, false, false, false, false]);
});

for (const [name, { scope, args, about }] of Object.entries(commands) as [string, CommandSpec][])
  test(`${name} is named subject first, changes something, is explained, and refuses arguments it does not know`, () => {
    assert.match(name, /^[a-z]+\.[a-z]+(-[a-z]+)*$/);
    assert.notEqual(scope, "read");
    assert.match(about, /^[A-Z].*\.$/);
    assert.equal(args.safeParse({ service: "web", nonsense: 1 }).success, false);
  });
