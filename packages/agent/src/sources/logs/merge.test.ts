import assert from "node:assert/strict";
import { test } from "node:test";
import { heapBytes } from "../../testing/heap.js";
import { until } from "../../testing/until.js";
import { merge } from "./merge.js";

async function* numbers(from: number, to: number): AsyncGenerator<number> {
  for (let n = from; n <= to; n++) yield n;
}

test("everything of every source comes, each source in its own order", async () => {
  const seen: number[] = [];
  for await (const n of merge([numbers(1, 5), numbers(11, 13), numbers(21, 20)])) seen.push(n);
  assert.deepEqual(
    seen.filter((n) => n < 10),
    [1, 2, 3, 4, 5],
  );
  assert.deepEqual(
    seen.filter((n) => n > 10),
    [11, 12, 13],
  );
});

test("a source that has nothing to say holds up no other", async () => {
  const { promise: never } = pending();
  const merged = merge([silent(never), numbers(1, 2)]);
  assert.deepEqual(
    [await merged.next(), await merged.next()].map(({ value }) => value as number),
    [1, 2],
  );
});

test("a source that comes later is merged from then on", async () => {
  const { promise: never } = pending();
  async function* later(): AsyncGenerator<AsyncGenerator<number>> {
    yield numbers(1, 2);
    yield silent(never);
    yield numbers(3, 4);
  }
  const merged = merge([silent(never)], later());
  const seen = new Set<unknown>();
  for (let n = 0; n < 4; n++) seen.add((await merged.next()).value);
  assert.deepEqual(seen, new Set([1, 2, 3, 4]));
});

test("no source gets ahead of the reader by more than one value", async () => {
  let made = 0;
  async function* eager(): AsyncGenerator<number> {
    for (;;) yield ++made;
  }
  const merged = merge([eager()]);
  await merged.next();
  await merged.next();
  await new Promise((resolve) => setImmediate(resolve));
  assert.ok(made <= 3, `${made} values were made for 2 read`);
  await merged.return(undefined);
});

test("a source that fails fails the whole, and the others are ended", async () => {
  let isEnded = false;
  async function* broken(): AsyncGenerator<number> {
    yield 1;
    throw new Error("disk on fire");
  }
  async function* patient(): AsyncGenerator<number> {
    try {
      for (;;) yield 0;
    } finally {
      isEnded = true;
    }
  }
  const patientSource = patient();
  const merged = merge([broken(), patientSource]);
  await assert.rejects(async () => {
    for await (const n of merged) assert.ok(n <= 1);
  }, /disk on fire/);
  await patientSource.return(undefined);
  assert.ok(isEnded);
});

test("quiet sources cost no memory with each value of another one", async () => {
  const { promise: never } = pending();
  const quiet = Array.from({ length: 200 }, () => silent(never));
  const merged = merge([...quiet, numbers(1, 20_000)]);
  const heapAfter = async (values: number): Promise<number> => {
    for (let n = 0; n < values; n++) await merged.next();
    return heapBytes();
  };
  const before = await heapAfter(2000);
  const grownBytes = (await heapAfter(4000)) - before;
  assert.ok(grownBytes < 8 * 1024 * 1024, `${grownBytes} bytes more are held after 4000 values`);
});

test("one that waits when nobody reads any more ends when it wakes", async () => {
  const { promise, resolve } = pending();
  let isEnded = false;
  async function* late(): AsyncGenerator<number> {
    try {
      await promise;
      for (;;) yield 1;
    } finally {
      isEnded = true;
    }
  }
  const merged = merge([late(), numbers(1, 2)]);
  await merged.next();
  await merged.return(undefined);
  assert.equal(isEnded, false);
  resolve();
  await until(() => isEnded, "it has ended");
});

test("nothing to merge ends at once", async () => {
  assert.deepEqual(await merge([]).next(), { done: true, value: undefined });
});

async function* silent(until: Promise<void>): AsyncGenerator<number> {
  await until;
  yield 0;
}

function pending(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((settle) => (resolve = settle));
  return { promise, resolve };
}
