import assert from "node:assert/strict";
import { test } from "node:test";
import { Scope } from "./scope.js";

/** A scope that owns parts of these names; a name with `!` fails to close. */
function walk(...names: string[]): { scope: Scope; closed: string[] } {
  const scope = new Scope();
  const closed: string[] = [];
  for (const name of names)
    scope.onClose(() => {
      closed.push(name);
      if (name.endsWith("!")) throw new Error(`${name} failed`);
    });
  return { scope, closed };
}

test("what was started last is closed first", async () => {
  const { scope, closed } = walk("a", "b", "c");
  await scope[Symbol.asyncDispose]();
  assert.deepEqual(closed, ["c", "b", "a"]);
});

test("one part is closed before the next begins to close", async () => {
  const scope = new Scope();
  const story: string[] = [];
  scope.onClose(() => void story.push("first part"));
  scope.onClose(async () => {
    await new Promise(setImmediate);
    story.push("second part");
  });
  await scope[Symbol.asyncDispose]();
  assert.deepEqual(story, ["second part", "first part"]);
});

test("closing twice is closing once, also at the same time", async () => {
  const { scope, closed } = walk("a");
  await Promise.all([scope[Symbol.asyncDispose](), scope[Symbol.asyncDispose]()]);
  await scope[Symbol.asyncDispose]();
  assert.deepEqual(closed, ["a"]);
});

test("who closes a scope that is being closed waits until it is", async () => {
  const scope = new Scope();
  const story: string[] = [];
  scope.onClose(async () => {
    await new Promise(setImmediate);
    story.push("closed");
  });
  void scope[Symbol.asyncDispose]();
  await scope[Symbol.asyncDispose]();
  assert.deepEqual(story, ["closed"]);
});

test("a part that fails to close keeps no other from closing, and every failure is told", async () => {
  const { scope, closed } = walk("a", "b!", "c", "d!");
  await assert.rejects(scope[Symbol.asyncDispose](), (failure: AggregateError) => {
    assert.deepEqual(failure.errors.map(String), ["Error: d! failed", "Error: b! failed"]);
    return true;
  });
  assert.deepEqual(closed, ["d!", "c", "b!", "a"]);
});

test("things that close at once and things that take time are owned alike, and handed through", async () => {
  const scope = new Scope();
  const closed: string[] = [];
  const quick = { [Symbol.dispose]: () => void closed.push("quick") };
  const slow = { [Symbol.asyncDispose]: async () => void closed.push("slow") };
  assert.equal(scope.own(quick), quick);
  assert.equal(scope.own(slow), slow);
  await scope[Symbol.asyncDispose]();
  assert.deepEqual(closed, ["slow", "quick"]);
});

test("what comes while the scope closes is closed too", async () => {
  const scope = new Scope();
  const closed: string[] = [];
  scope.onClose(() => scope.onClose(() => void closed.push("late")));
  await scope[Symbol.asyncDispose]();
  assert.deepEqual(closed, ["late"]);
});

test("a scope that owns nothing closes", async () => {
  await new Scope()[Symbol.asyncDispose]();
});
