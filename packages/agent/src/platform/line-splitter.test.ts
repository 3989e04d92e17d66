import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { LineSplitter, type Line } from "./line-splitter.js";

function split(chunks: readonly Buffer[], maxBytes = 100): Line[] {
  const splitter = new LineSplitter(maxBytes);
  return [...chunks.flatMap((chunk) => splitter.feed(chunk)), ...splitter.rest()];
}

const texts = (lines: readonly Line[]): string[] => lines.map(({ text, clipped }) => (clipped ? `${text}…` : text));

test("bytes become lines, without their ends", () => {
  assert.deepEqual(texts(split([Buffer.from("one\ntwo\r\n\nthree")])), ["one", "two", "", "three"]);
  assert.deepEqual(texts(split([Buffer.from("\n")])), [""]);
  assert.deepEqual(texts(split([])), []);
});

test("a line longer than the limit comes once, clipped, and the next one is whole", () => {
  assert.deepEqual(texts(split([Buffer.from("abcdef\nxy\n")], 3)), ["abc…", "xy"]);
  assert.deepEqual(texts(split([Buffer.from("abc\nabcd\n")], 3)), ["abc", "abc…"]);
  assert.deepEqual(texts(split([Buffer.from("abcdef")], 3)), ["abc…"]);
});

test("a character whose bytes come in two chunks stays whole", () => {
  const bytes = Buffer.from("grün\n");
  for (let cut = 0; cut <= bytes.length; cut++)
    assert.deepEqual(texts(split([bytes.subarray(0, cut), bytes.subarray(cut)])), ["grün"]);
});

test("however the bytes are cut into chunks, the lines are the same", () => {
  const byte = fc.oneof({ weight: 4, arbitrary: fc.nat(255) }, { weight: 1, arbitrary: fc.constant(0x0a) });
  const content = fc.array(byte, { maxLength: 200 }).map((bytes) => Buffer.from(bytes));
  fc.assert(
    fc.property(
      content,
      fc.array(fc.nat(200), { maxLength: 10 }),
      fc.integer({ min: 1, max: 20 }),
      (bytes, at, maxBytes) => {
        const cuts = [0, ...at.filter((cut) => cut <= bytes.length).sort((a, b) => a - b), bytes.length];
        const chunks = cuts.slice(1).map((cut, before) => bytes.subarray(cuts[before], cut));
        assert.deepEqual(split(chunks, maxBytes), split([bytes], maxBytes));
      },
    ),
  );
});

test("a chunk that its owner uses again changes no line", () => {
  const splitter = new LineSplitter(100);
  const chunk = Buffer.from("abc");
  splitter.feed(chunk);
  chunk.fill("x");
  assert.deepEqual(splitter.feed(Buffer.from("\n")), [{ text: "abc", clipped: false }]);
});

/** Feeds a line of so many MiB in chunks of 64 KiB; tells how long it took and how much memory was held at most. */
function feedLine(mebibytes: number): { tookMs: number; heldBytes: number } {
  const chunk = Buffer.alloc(64 * 1024, "x");
  const splitter = new LineSplitter(256 * 1024);
  const before = process.memoryUsage().arrayBuffers;
  let heldBytes = 0;
  const startedMs = performance.now();
  let lines = 0;
  for (let fed = 0; fed < mebibytes * 16; fed++) {
    lines += splitter.feed(chunk).length;
    heldBytes = Math.max(heldBytes, process.memoryUsage().arrayBuffers - before);
  }
  assert.equal(lines, 1);
  return { tookMs: performance.now() - startedMs, heldBytes };
}

test("a line of 64 MiB holds no more memory than the limit, and takes no time worth mentioning", () => {
  feedLine(1);
  const { tookMs, heldBytes } = feedLine(64);
  assert.ok(heldBytes < 8 * 1024 * 1024, `held ${heldBytes} bytes`);
  assert.ok(tookMs < 2000, `took ${tookMs} ms`);
});
