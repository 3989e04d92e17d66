import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { arbitraryJson } from "./arbitrary.js";
import { canonical, hashOf } from "./hash.js";

/** The same value with the keys of every object the other way round. */
function turned(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(turned);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, member]) => [key, turned(member)]),
  );
}

test("the order of keys makes no difference", () => {
  assert.equal(canonical({ b: [{ d: 1, c: 2 }], a: "x" }), '{"a":"x","b":[{"c":2,"d":1}]}');
  fc.assert(
    fc.property(arbitraryJson(), (value) => {
      assert.equal(canonical(turned(value)), canonical(value));
      assert.equal(hashOf(turned(value)), hashOf(value));
    }),
  );
});

test("the canonical text is JSON, and says the same", () => {
  fc.assert(fc.property(arbitraryJson(), (value) => assert.deepEqual(JSON.parse(canonical(value)), value)));
});

test("a member that is undefined is a member that is absent, as in JSON", () => {
  assert.equal(canonical({ a: undefined, b: 1 }), canonical({ b: 1 }));
  assert.equal(canonical([undefined, 1]), JSON.stringify([undefined, 1]));
});

test("the order of items does make a difference", () => {
  assert.notEqual(hashOf([1, 2]), hashOf([2, 1]));
});

test("a hash is 16 hex digits, and the same in every release", () => {
  assert.equal(hashOf({}), "62b9de1e5a56d1e7");
  assert.equal(hashOf({ services: { web: { ready: true } }, seq: 7 }), "f2774ec6c316e861");
  fc.assert(fc.property(arbitraryJson(), (value) => assert.match(hashOf(value), /^[0-9a-f]{16}$/)));
});

test("two values that differ in one place have different hashes", () => {
  const state = (seq: number, ready: boolean): object => ({ seq, services: { web: { ready } } });
  const hashes = Array.from({ length: 5000 }, (_, seq) => [hashOf(state(seq, true)), hashOf(state(seq, false))]).flat();
  assert.equal(new Set(hashes).size, 10_000);
});
