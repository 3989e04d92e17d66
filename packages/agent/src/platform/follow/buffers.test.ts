import assert from "node:assert/strict";
import { test } from "node:test";
import { BufferPool } from "./buffers.js";

test("no more buffers are lent at once than there may be; who waits is served in order, or gives up", async () => {
  const buffers = new BufferPool(100).share();
  const [free, gone] = [new AbortController().signal, new AbortController()];
  const order: number[] = [];
  const ends: (() => void)[] = [];
  const lent = Array.from({ length: 18 }, (_, n) =>
    buffers.with(10, n === 16 ? gone.signal : free, async () => {
      order.push(n);
      await new Promise<void>((resolve) => ends.push(resolve));
      return n;
    }),
  );
  await new Promise(setImmediate);
  assert.equal(order.length, 16);
  gone.abort();
  assert.equal(await lent[16], undefined);
  ends[0]?.();
  await lent[0];
  await new Promise(setImmediate);
  assert.equal(order.at(-1), 17);
  for (const end of ends) end();
  assert.deepEqual(await Promise.all([lent[1], lent[17]]), [1, 17]);
});

test("a buffer is as large as is wanted, and a usual one is used again", async () => {
  const buffers = new BufferPool(100).share();
  const { signal } = new AbortController();
  const first = await buffers.with(50, signal, async (buffer) => buffer);
  assert.equal(await buffers.with(100, signal, async (buffer) => buffer), first);
  assert.equal((await buffers.with(101, signal, async (buffer) => buffer))?.length, 101);
});

test("whoever has a share of its own waits for nobody else", async () => {
  const pool = new BufferPool(100);
  const { signal } = new AbortController();
  const [hung, other] = [pool.share(), pool.share()];
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  const lent = Array.from({ length: 20 }, () => hung.with(10, signal, () => ended));
  let first: () => void = () => undefined;
  const one = other.with(10, signal, () => new Promise<void>((resolve) => (first = resolve)));
  const next = other.with(10, signal, async () => "next"); // Behind four of the others.
  await new Promise(setImmediate);
  first();
  await one;
  assert.equal(await next, "next");
  end();
  await Promise.all(lent);
});
