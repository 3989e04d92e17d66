import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { expired, segmentBytes, segmentName, segmentsOf, type Segment } from "./segments.js";

const day = 86_400_000;
/** Segments of these sizes; each was written to the last time a day before the next, the last one now. */
const segments = (...sizes: number[]): Segment[] =>
  sizes.map((bytes, at) => ({
    name: segmentName(at + 1),
    firstSeq: at + 1,
    bytes,
    modifiedMs: (at - sizes.length + 1) * day,
  }));

function check(
  sizes: number[],
  { maxBytes = Infinity, days = Infinity }: { maxBytes?: number; days?: number },
): number[] {
  return expired(segments(...sizes), { maxBytes, maxAgeMs: days * day }, 0).map(({ firstSeq }) => firstSeq);
}

test("a segment is named after its first event, so that names sort as events do", () => {
  assert.equal(segmentName(42), "0000000000000042.journal");
});

test("segments are found among other files, oldest first", () => {
  const file = (name: string): { name: string; bytes: number; modifiedMs: number } => ({
    name,
    bytes: 1,
    modifiedMs: 2,
  });
  const names = [
    segmentName(100),
    "notes.txt",
    segmentName(9),
    "9.journal",
    `${segmentName(1)}.new`,
    `x${segmentName(1)}`,
  ];
  assert.deepEqual(segmentsOf(names.map(file)), [
    { name: segmentName(9), firstSeq: 9, bytes: 1, modifiedMs: 2 },
    { name: segmentName(100), firstSeq: 100, bytes: 1, modifiedMs: 2 },
  ]);
});

test("while there is room for all, none goes", () => {
  assert.deepEqual(check([10, 10, 10], { maxBytes: 30 }), []);
});

test("when there is too much, the oldest go, and no more than must", () => {
  assert.deepEqual(check([10, 10, 10], { maxBytes: 29 }), [1]);
  assert.deepEqual(check([10, 10, 10], { maxBytes: 10 }), [1, 2]);
});

test("what has not been written to for too long goes", () => {
  assert.deepEqual(check([10, 10, 10], { days: 2 }), []);
  assert.deepEqual(check([10, 10, 10], { days: 1.5 }), [1]);
});

test("the last one always stays", () => {
  assert.deepEqual(check([10], { maxBytes: 0, days: 0 }), []);
  assert.deepEqual(check([10, 10], { maxBytes: 0, days: -1 }), [1]);
  assert.deepEqual(check([], { maxBytes: 0 }), []);
});

test("what goes is the beginning, and what stays fits, however sizes and limits are", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(100)), fc.nat(500), (sizes, maxBytes) => {
      const gone = check(sizes, { maxBytes });
      assert.deepEqual(
        gone,
        gone.map((_, at) => at + 1),
      );
      const rest = sizes.slice(gone.length);
      assert.ok(rest.length <= 1 || rest.reduce((sum, bytes) => sum + bytes, 0) <= maxBytes);
    }),
  );
});

test("a segment is a 32nd of the journal, between 64 KiB and 2 MiB", () => {
  const kib = 1024;
  assert.deepEqual(
    [0, 1, 32 * 64, 32 * 100, 32 * 2048, 1e9].map(
      (maxKib) => segmentBytes({ maxBytes: maxKib * kib, maxAgeMs: 0 }) / kib,
    ),
    [64, 64, 64, 100, 2048, 2048],
  );
});
