import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Timed } from "./dress.js";
import { inTimeOrder } from "./in-time-order.js";
import { lastOf } from "./last-of.js";

const timed = (timeMs: number, text: string): Timed => ({
  timeMs,
  line: { service: "s", stream: "stdout", time: "", text },
});

async function* source(batches: Timed[][]): AsyncGenerator<Timed[]> {
  for (const batch of batches) yield batch;
}

async function textsOf(lines: AsyncIterable<Timed[]>): Promise<string[]> {
  const texts: string[] = [];
  for await (const batch of lines) texts.push(...batch.map(({ line }) => line.text));
  return texts;
}

test("lines of several sources come in the order of their times, and those of one time in the order of the sources", async () => {
  const a = source([[timed(1, "a1"), timed(3, "a3")], [], [timed(5, "a5")]]);
  const b = source([[timed(1, "b1")], [timed(2, "b2"), timed(6, "b6")]]);
  assert.deepEqual(await textsOf(inTimeOrder([a, b, source([])])), ["a1", "b1", "b2", "a3", "a5", "b6"]);
  assert.deepEqual(await textsOf(inTimeOrder([])), []);
});

test("a source whose clock went back keeps its own order", async () => {
  const a = source([[timed(5, "a5"), timed(1, "a1"), timed(6, "a6")]]);
  const b = source([[timed(2, "b2"), timed(5, "b5")]]);
  assert.deepEqual(await textsOf(inTimeOrder([a, b])), ["b2", "a5", "a1", "b5", "a6"]);
});

test("whatever the sources are, nothing is lost, and order is kept", async () => {
  const batches = fc.array(fc.array(fc.nat(50), { maxLength: 5 }), { maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(fc.array(batches, { maxLength: 5 }), async (all) => {
      const sorted = all.map((its) => {
        const times = its.flat().sort((x, y) => x - y);
        return its.map((batch) => batch.map(() => timed(times.shift() ?? 0, "")));
      });
      const seen: number[] = [];
      for await (const batch of inTimeOrder(sorted.map(source))) seen.push(...batch.map(({ timeMs }) => timeMs));
      assert.deepEqual(
        seen,
        all.flat(2).sort((x, y) => x - y),
      );
    }),
  );
});

test("when nobody reads any more, or a source fails, all of them are ended", async () => {
  let ended = 0;
  async function* counted(fails: boolean): AsyncGenerator<Timed[]> {
    try {
      yield [timed(1, "")];
      if (fails) throw new Error("disk on fire");
      yield [timed(2, "")];
    } finally {
      ended++;
    }
  }
  for await (const batch of inTimeOrder([counted(false), counted(false)])) {
    assert.equal(batch.length, 1);
    break;
  }
  assert.equal(ended, 2);
  await assert.rejects(textsOf(inTimeOrder([counted(true), counted(false)])), /disk on fire/);
  assert.equal(ended, 4);
});

test("of many lines the last are kept, and of very long ones fewer", async () => {
  const many = (count: number, text = "") =>
    source([Array.from({ length: count }, (_, at) => timed(at, `${at}${text}`)), [timed(count, "end")]]);
  assert.deepEqual(await textsOf(lastOf(many(1000), 3)), ["998", "999", "end"]);
  assert.deepEqual(await textsOf(lastOf(many(1), 3)), ["0", "end"]);
  assert.deepEqual((await textsOf(lastOf(many(1000), 500)))[0], "501");
  assert.deepEqual(await textsOf(lastOf(many(9, "x".repeat(100)), 5, 250)), [
    `7${"x".repeat(100)}`,
    `8${"x".repeat(100)}`,
    "end",
  ]);
});
