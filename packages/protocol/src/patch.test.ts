import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { applyPatch, diff } from "./patch.js";

/** JSON objects without null and with some of the keys that JavaScript has its own ideas about. */
const { object } = fc.letrec<{ value: unknown; object: Record<string, unknown> }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.boolean(),
    fc.nat(9),
    fc.string({ maxLength: 2 }),
    fc.array(tie("value"), { maxLength: 3 }),
    tie("object"),
  ),
  object: fc.dictionary(fc.constantFrom("a", "b", "0", "__proto__", "constructor", "toString"), tie("value"), {
    maxKeys: 4,
    noNullPrototype: true,
  }),
}));

/** As it arrives at the other end of a link. */
const sent = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;
const carry = (before: object, after: object): object => applyPatch(before, sent(diff(before, after) ?? {}));

test("the patch between two values turns the first into the second", () => {
  fc.assert(
    fc.property(object, object, (before, after) => assert.deepEqual(carry(before, after), after)),
    { numRuns: 1000 },
  );
});

test("values that are alike need no patch", () => {
  fc.assert(fc.property(object, (value) => assert.equal(diff(value, sent(value)), undefined)));
});

test("a patch says only what is different", () => {
  assert.deepEqual(
    diff({ a: 1, b: { c: 1, d: 2 }, e: [1], gone: 1 }, { a: 1, b: { c: 1, d: 3 }, e: [1, 2], come: 1 }),
    {
      gone: null,
      b: { d: 3 },
      e: [1, 2],
      come: 1,
    },
  );
});

test("a part that is shared is not looked into", () => {
  const shared = new Proxy({}, { ownKeys: () => assert.fail("it was looked into") });
  assert.deepEqual(diff({ shared, a: 1 }, { shared, a: 2 }), { a: 2 });
});

test("null removes, objects merge, everything else replaces", () => {
  const before = { gone: 1, merged: { kept: 1, gone: 2 }, list: [1, 2], text: "a" };
  const patch = { gone: null, merged: { gone: null, come: 3 }, list: [3], text: { now: "an object" }, absent: null };
  assert.deepEqual(applyPatch(before, patch), { merged: { kept: 1, come: 3 }, list: [3], text: { now: "an object" } });
});

test("a hostile key called __proto__ is a key, and reaches no prototype", () => {
  const patch = JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}') as object;
  const result = applyPatch({}, patch as Record<string, unknown>);
  assert.equal(Object.getPrototypeOf(result), Object.prototype);
  assert.equal(({} as { polluted?: boolean }).polluted, undefined);
  assert.deepEqual(Object.keys(result), ["__proto__", "constructor"]);
});

test("neither side is changed by making or applying a patch", () => {
  fc.assert(
    fc.property(object, object, (before, after) => {
      const [was, is] = [sent(before), sent(after)];
      const patch = sent(diff(before, after) ?? {});
      const patched = sent(patch);
      applyPatch(before, patch);
      assert.deepEqual([before, after, patch], [was, is, patched]);
    }),
  );
});

test("what the patch does not touch stays the same object", () => {
  const before = { touched: { a: 1 }, untouched: { b: 1 } };
  assert.equal(applyPatch(before, { touched: { a: 2 } }).untouched, before.untouched);
});
