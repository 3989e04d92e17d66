import assert from "node:assert/strict";
import { test } from "node:test";
import { AtOnce, type Turn } from "./at-once.js";

const { signal: never } = new AbortController();

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Enters, and tells whether it is in. */
function entering(gate: AtOnce, signal = never): { turn: Promise<Turn>; isIn: () => boolean } {
  let isIn = false;
  const turn = gate.enter("Waiting for a turn", signal).then((its) => ((isIn = true), its));
  return { turn, isIn: () => isIn };
}

test("so many are in at a time; who waits comes in in order, one for each that leaves, however often he says so", async () => {
  const gate = new AtOnce(2);
  const all = Array.from({ length: 5 }, () => entering(gate));
  const areIn = async (): Promise<number> => {
    await settled();
    const their = all.map((one) => one.isIn());
    assert.deepEqual(their, their.toSorted().toReversed(), "in order");
    return their.filter(Boolean).length;
  };
  assert.equal(await areIn(), 2);
  const second = await all[1]?.turn;
  for (let times = 0; times < 3; times++) second?.[Symbol.dispose]();
  assert.equal(await areIn(), 3);
  for (const { turn } of all) void turn.then((its) => its[Symbol.dispose]());
  assert.equal(await areIn(), 5);
  const again = [entering(gate), entering(gate), entering(gate)];
  await settled();
  assert.deepEqual(
    again.map((one) => one.isIn()),
    [true, true, false],
  );
});

test("who does not want to wait any more takes nobody's turn", async () => {
  const gate = new AtOnce(1);
  const stop = new AbortController();
  const first = await gate.enter("first", never);
  const [second, third] = [entering(gate, stop.signal), entering(gate)];
  stop.abort();
  await assert.rejects(second.turn, { code: "cancelled", message: "Waiting for a turn was cancelled." });
  first[Symbol.dispose]();
  await third.turn;
});

test("whose turn comes in the moment of a cancellation hands it on", async () => {
  const gate = new AtOnce(1);
  const stop = new AbortController();
  const first = await gate.enter("first", never);
  const [second, third] = [entering(gate, stop.signal), entering(gate)];
  stop.abort();
  first[Symbol.dispose]();
  await second.turn.then(
    (its) => its[Symbol.dispose](),
    () => undefined,
  );
  await third.turn;
});
