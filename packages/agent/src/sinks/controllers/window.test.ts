import assert from "node:assert/strict";
import { test } from "node:test";
import { Window } from "./window.js";

const limits = { events: 4, bytes: 100 };

/** Whether somebody who waits for room is still waiting. */
async function waits(window: Window): Promise<boolean> {
  const stop = new AbortController();
  let isOpen = false;
  const opened = window.opened(stop.signal).then(() => (isOpen = !stop.signal.aborted));
  await Promise.resolve();
  await Promise.resolve();
  const answer = !isOpen;
  stop.abort();
  await opened;
  return answer;
}

test("a window is open until either its events or its bytes are used up", async () => {
  const byEvents = new Window(limits, 0);
  byEvents.add(3, 3, 30);
  assert.deepEqual(byEvents.room, { events: 1, bytes: 70 });
  assert.equal(await waits(byEvents), false);
  byEvents.add(4, 1, 10);
  assert.equal(await waits(byEvents), true);
  const byBytes = new Window(limits, 0);
  byBytes.add(1, 1, 100);
  assert.deepEqual(byBytes.room, { events: 0, bytes: 0 });
  assert.equal(await waits(byBytes), true);
});

test("an acknowledgement makes room for everything up to it", () => {
  const window = new Window(limits, 0);
  window.add(1, 1, 10);
  window.add(2, 1, 10);
  window.add(4, 2, 20);
  assert.equal(window.ack(2), true);
  assert.deepEqual(window.room, { events: 2, bytes: 80 });
  assert.equal(window.ack(4), true);
  assert.deepEqual(window.room, limits);
});

test("a batch that is acknowledged in part still counts, and is not forgotten", () => {
  const window = new Window(limits, 0);
  window.add(4, 4, 40);
  assert.equal(window.ack(2), true);
  assert.equal(window.acked, 2);
  assert.deepEqual(window.room, { events: 0, bytes: 0 });
  assert.equal(window.ack(4), true);
  assert.equal(window.acked, 4);
});

test("what was never sent cannot be acknowledged", () => {
  const window = new Window(limits, 7);
  assert.equal(window.ack(8), false);
  window.add(9, 2, 20);
  assert.equal(window.ack(10), false);
  assert.equal(window.acked, 7);
  assert.equal(window.ack(9), true);
});

test("an acknowledgement that comes twice, or late, changes nothing", () => {
  const window = new Window(limits, 0);
  window.add(3, 3, 30);
  window.ack(3);
  assert.equal(window.ack(3), true);
  assert.equal(window.ack(1), true);
  assert.equal(window.acked, 3);
});

test("what is not worth sending needs no acknowledgement, once everything before it has one", () => {
  const window = new Window(limits, 0);
  window.pass(5);
  assert.equal(window.acked, 5);
  window.add(6, 1, 10);
  window.pass(9);
  assert.equal(window.acked, 5);
  window.ack(6);
  assert.equal(window.acked, 9);
});

test("who is told of a gap may acknowledge it together with what came before", () => {
  const window = new Window(limits, 0);
  window.add(2, 2, 20);
  window.pass(8);
  assert.equal(window.ack(8), true);
  assert.equal(window.acked, 8);
});

test("who waits for room goes on with the acknowledgement, or with the end of its owner", async () => {
  const window = new Window(limits, 0);
  window.add(4, 4, 40);
  const opened = window.opened(new AbortController().signal);
  window.ack(4);
  await opened;
  window.add(8, 4, 40);
  await window.opened(AbortSignal.abort());
});
