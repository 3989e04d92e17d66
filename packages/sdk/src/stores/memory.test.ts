import assert from "node:assert/strict";
import { test } from "node:test";
import { countedFrom, numbers, seqs } from "../fixtures/counted.js";
import { all } from "../fixtures/first.js";
import { memoryStore } from "./memory.js";

test("memory holds the last events only", async () => {
  const store = memoryStore({ maxEvents: 10 });
  await store.append("a", countedFrom(1, 8));
  await store.append("a", countedFrom(9, 25));
  const kept = await all(store.read("a", 0));
  assert.deepEqual(seqs(kept.map(({ event }) => event)), numbers(16, 25));
});

test("a cursor stays right when what it pointed at was dropped", async () => {
  const store = memoryStore({ maxEvents: 10 });
  const { end } = await store.append("a", countedFrom(1, 8));
  await store.append("a", countedFrom(9, 12));
  assert.deepEqual(seqs((await all(store.read("a", end))).map(({ event }) => event)), numbers(9, 12));
  await store.append("a", countedFrom(13, 40));
  assert.deepEqual(seqs((await all(store.read("a", end))).map(({ event }) => event)), numbers(31, 40));
});

test("each host has room of its own", async () => {
  const store = memoryStore({ maxEvents: 2 });
  await store.append("a", countedFrom(1, 2));
  await store.append("b", countedFrom(1, 9));
  assert.equal((await all(store.read("a", 0))).length, 2);
});
