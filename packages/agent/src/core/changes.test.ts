import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { Changes } from "./changes.js";

test("everybody who waits hears of the next change", async () => {
  const changes = new Changes();
  const both = Promise.all([changes.next(), changes.next()]);
  changes.notify();
  await both;
  assert.equal(changes.isAwaited, false);
});

test("a change before anybody waited is not the next one", () => {
  const changes = new Changes();
  changes.notify();
  void changes.next();
  assert.equal(changes.isAwaited, true);
});

test("who waits again from within a change waits for the one after", async () => {
  const changes = new Changes();
  const heard: string[] = [];
  const listen = async (): Promise<void> => {
    await changes.next();
    heard.push("first");
    await changes.next();
    heard.push("second");
  };
  const done = listen();
  changes.notify();
  while (!changes.isAwaited) await Promise.resolve();
  assert.deepEqual(heard, ["first"]);
  changes.notify();
  await done;
  assert.deepEqual(heard, ["first", "second"]);
});

test("a wait ends when its owner ends, and nothing of it is left", async () => {
  const changes = new Changes();
  const owner = new AbortController();
  const waited = changes.next(owner.signal);
  owner.abort();
  await waited;
  assert.equal(changes.isAwaited, false);
  assert.equal(getEventListeners(owner.signal, "abort").length, 0);
});

test("nobody waits whose owner has ended", async () => {
  const changes = new Changes();
  await changes.next(AbortSignal.abort());
  assert.equal(changes.isAwaited, false);
});

test("after a change no listener is left at the owner", async () => {
  const changes = new Changes();
  const owner = new AbortController();
  const waited = changes.next(owner.signal);
  changes.notify();
  await waited;
  assert.equal(getEventListeners(owner.signal, "abort").length, 0);
});
