import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Needles } from "./needles.js";

const needles = ["handshake failed", "error", "shake!", "derrors"];
const fragments = [
  "handshake failed",
  "ERROR",
  "err",
  "or",
  "Shake",
  "!",
  "shake failed",
  "hand",
  "é",
  "\n",
  "\n",
  "_",
];

const arbitraryBlock = fc
  .tuple(fc.array(fc.constantFrom(...fragments), { maxLength: 40 }), fc.constantFrom(0, 500), fc.constantFrom(1, 40))
  .map(([some, apart, times]) => Buffer.from(`${some.join("")}${"quiet line\n".repeat(apart)}`.repeat(times)));

/** Where each line begins that has a needle. */
function linesWith(block: Buffer): number[] {
  const starts: number[] = [];
  for (let start = 0; start < block.length;) {
    const end = block.indexOf(10, start) < 0 ? block.length : block.indexOf(10, start);
    const text = block.toString("latin1", start, end).toLowerCase();
    if (needles.some((needle) => text.includes(needle))) starts.push(start);
    start = end + 1;
  }
  return starts;
}

test("lines that have a needle are found, in any letter case, and each once", () => {
  let answered = 0;
  fc.assert(
    fc.property(arbitraryBlock, (block) => {
      const finds = Needles.of(needles)?.scan(block);
      if (!finds) return;
      answered++;
      const starts = finds.at.map((at) => block.lastIndexOf(10, at) + 1);
      assert.deepEqual(starts, linesWith(block));
    }),
    { numRuns: 1000 },
  );
  assert.ok(answered > 100);
});

test("what is not worth it is not tried for a while, and then again", () => {
  const its = Needles.of(["error"]);
  const often = Buffer.from("an error\n".repeat(100));
  const seldom = Buffer.from(`${"all is well\n".repeat(100)}an error\n`);
  assert.equal(its?.scan(often), undefined);
  assert.equal(its?.scan(seldom), undefined);
  let tries = 1;
  while (!its?.scan(seldom)) tries++;
  assert.equal(tries, 64);
  const nearlyAlways = Buffer.from("rorrorrorror\n".repeat(1000));
  assert.equal(its?.scan(nearlyAlways), undefined);
});

test("a block in which something is to be cleaned off lines is left to others", () => {
  const its = Needles.of(["error"]);
  assert.equal(its?.scan(Buffer.from("an er\x1b[1mror\n")), undefined);
  assert.equal(its?.scan(Buffer.from("an er\0ror\n")), undefined);
  assert.equal(its?.scan(Buffer.from("an error\r\n"))?.at.length, 1);
});

test("texts that are short or many are not leapt to", () => {
  assert.equal(Needles.of(["fail"]), undefined);
  assert.equal(Needles.of([]), undefined);
  assert.equal(Needles.of(Array.from({ length: 201 }, (_, at) => `needle ${at}`)), undefined);
});
