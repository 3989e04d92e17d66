import assert from "node:assert/strict";
import { test } from "node:test";
import type { Chunk } from "./chunk.js";
import { Slices } from "./slices.js";

const chunkOf = (bytes: Buffer): Chunk => ({
  ...{ label: "a", origin: {}, bytes },
  keyAt: (start) => `key ${start}`,
  positionAt: (start) => start,
  isClippedAt: (start) => start > 100,
});

test("slices are whole lines, and know where they are", () => {
  const bytes = Buffer.from(Array.from({ length: 5000 }, (_, at) => `line ${at}\n`).join(""));
  const slices = new Slices();
  let at = 0;
  for (const slice of slices.of(chunkOf(bytes))) {
    assert.equal(slice.keyAt(0), `key ${at}`);
    assert.equal(slice.positionAt(slice.bytes.length), at + slice.bytes.length);
    assert.deepEqual(slice.bytes, bytes.subarray(at, at + slice.bytes.length));
    assert.equal(slice.bytes.at(-1), 10);
    at += slice.bytes.length;
    slices.took(10);
  }
  assert.equal(at, bytes.length);
});

test("what takes long is cut smaller, and what does not, larger", () => {
  const bytes = Buffer.from("a line\n".repeat(100_000));
  const lengths = (slices: Slices, ms: number): number[] =>
    [...slices.of(chunkOf(bytes))].map((slice) => (slices.took(ms), slice.bytes.length));
  const slices = new Slices();
  assert.equal(slices.took(100), true);
  for (let each = 0; each < 10; each++) slices.took(100);
  const small = lengths(slices, 10);
  assert.ok(small.every((length) => length <= 2054));
  for (let each = 0; each < 20; each++) assert.equal(slices.took(0), false);
  assert.equal(lengths(slices, 0).length, 1);
});

test("a line that is longer than a slice is not cut", () => {
  const bytes = Buffer.from(`${"x".repeat(100_000)}\nb\n`);
  assert.deepEqual(
    [...new Slices().of(chunkOf(bytes))].map((slice) => slice.bytes.length),
    [100_001, 2],
  );
});
