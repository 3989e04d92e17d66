import assert from "node:assert/strict";
import { test } from "node:test";
import type { UnitEntry } from "../../platform/journal/unit-entry.js";
import { journalChunk, maxLineBytes } from "./journal-chunk.js";

function entries(...messages: (string | Buffer | undefined)[]): UnitEntry[] {
  return messages.map((message, index) => ({
    ...{ cursor: `c${index + 1}`, timeUsec: index + 1 },
    message: typeof message === "string" ? Buffer.from(message) : message,
  }));
}

const starts = (bytes: Uint8Array): number[] => [
  0,
  ...[...bytes.keys()].filter((at) => bytes[at] === 10).map((at) => at + 1),
];

test("each line has the key of its entry and its number, and the place from which it comes again", () => {
  const chunk = journalChunk("db.service", entries("one", "a\nb\n", undefined, "", "two"), {
    cursor: "c0",
    timeUsec: 0,
  });
  assert.equal(Buffer.from(chunk.bytes).toString(), "one\na\nb\n\ntwo\n");
  const places = starts(chunk.bytes);
  assert.deepEqual(
    places.slice(0, -1).map((at) => chunk.keyAt(at)),
    ["c1#0", "c2#0", "c2#1", "c4#0", "c5#0"],
  );
  assert.deepEqual(
    places.map((at) => chunk.positionAt(at)),
    [
      { cursor: "c0", timeUsec: 0 },
      { cursor: "c1", timeUsec: 1 },
      { cursor: "c1", timeUsec: 1, lines: 1 },
      { cursor: "c3", timeUsec: 3 },
      { cursor: "c4", timeUsec: 4 },
      { cursor: "c5", timeUsec: 5 },
    ],
  );
});

test("lines that were taken of the first entry do not come again, and the others keep their keys", () => {
  const chunk = journalChunk("db", entries("a\nb\nc", "d\ne"), { lines: 2 });
  assert.equal(Buffer.from(chunk.bytes).toString(), "c\nd\ne\n");
  assert.deepEqual([chunk.keyAt(0), chunk.keyAt(2), chunk.keyAt(4)], ["c1#2", "c2#0", "c2#1"]);
  assert.deepEqual(chunk.positionAt(0), { lines: 2 });
});

test("entries without a text have no lines, but move the place", () => {
  const chunk = journalChunk("db", entries(undefined, undefined), {});
  assert.deepEqual([chunk.bytes.length, chunk.positionAt(0)], [0, { cursor: "c2", timeUsec: 2 }]);
});

test("bytes stay what they are, and of a line that is too long the beginning comes, marked as such", () => {
  const odd = Buffer.from([0xff, 0x00, 0x1b]);
  const chunk = journalChunk("db", entries(odd, `${"y".repeat(maxLineBytes + 9)}\nz`), {});
  assert.deepEqual(Buffer.from(chunk.bytes.subarray(0, 4)), Buffer.from([0xff, 0x00, 0x1b, 0x0a]));
  assert.equal(Buffer.from(chunk.bytes.subarray(4)).toString(), `${"y".repeat(maxLineBytes)}\nz\n`);
  assert.deepEqual(
    [0, 4, 4 + maxLineBytes + 1].map((at) => chunk.isClippedAt(at)),
    [false, true, false],
  );
});
