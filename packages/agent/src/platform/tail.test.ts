import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Tail } from "./tail.js";

/** What is kept of some chunks, and whether something was lost. */
function keep(maxBytes: number, ...chunks: (string | Buffer)[]): [string, boolean] {
  const tail = new Tail(maxBytes);
  for (const chunk of chunks) tail.take(Buffer.from(chunk));
  return [tail.text, tail.clipped];
}

test("what fits is kept whole", () => {
  assert.deepEqual(keep(10), ["", false]);
  assert.deepEqual(keep(10, "01234", "56789"), ["0123456789", false]);
});

test("of what does not fit the end is kept, and that is said", () => {
  assert.deepEqual(keep(4, "abc", "def"), ["cdef", true]);
  assert.deepEqual(keep(4, "abc", "def", "ghijklmnop", "q"), ["nopq", true]);
});

test("that something was lost is known before anybody reads", () => {
  const tail = new Tail(2);
  tail.take(Buffer.from("abc"));
  assert.equal(tail.clipped, true);
});

test("a character that was cut in two is left out", () => {
  assert.deepEqual(keep(4, "a🦉b"), ["b", true]);
  assert.deepEqual(keep(5, "a🦉b"), ["🦉b", true]);
});

test("bytes that are no text are shown as such, not left out without end", () => {
  assert.deepEqual(keep(6, Buffer.alloc(10, 0x80)), ["\ufffd".repeat(6), true]);
});

test("a stream without end costs no more than twice what is kept", () => {
  const tail = new Tail(1000);
  const before = bytesHeld();
  for (let n = 0; n < 100_000; n++) tail.take(Buffer.alloc(100, "x"));
  const held = bytesHeld() - before;
  assert.equal(tail.text.length, 1000);
  assert.ok(held < 5_000_000, `${held} bytes`);
});

/** What is really held: what nobody refers to any more is collected first. */
function bytesHeld(): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  collect();
  collect(); // The first may leave some of its sweeping for later.
  return process.memoryUsage().arrayBuffers;
}
