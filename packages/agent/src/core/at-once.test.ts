import assert from "node:assert/strict";
import { test } from "node:test";
import { AtOnce } from "./at-once.js";

const { signal: never } = new AbortController();

/** Something that goes on until it is told to end. */
function lasting(): { call: () => Promise<string>; end: (failure?: Error) => void; begun: () => boolean } {
  let end: (failure?: Error) => void = () => undefined;
  let begun = false;
  const ended = new Promise<string>((resolve, reject) => {
    end = (failure) => (failure ? reject(failure) : resolve("done"));
  });
  return { call: () => ((begun = true), ended), end: (failure) => end(failure), begun: () => begun };
}

const turns = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("so many run at a time; who waits has a turn in order, also after one that fails", async () => {
  const gate = new AtOnce(2);
  const all = Array.from({ length: 4 }, lasting);
  const runs = all.map(({ call }) => gate.run("waiting", never, call));
  const begun = (): boolean[] => all.map((one) => one.begun());
  await turns();
  assert.deepEqual(begun(), [true, true, false, false]);
  all[1]?.end(new Error("no"));
  await assert.rejects(runs[1] ?? Promise.resolve(), { message: "no" });
  await turns();
  assert.deepEqual(begun(), [true, true, true, false]);
  all[0]?.end();
  await turns();
  assert.deepEqual(begun(), [true, true, true, true]);
  for (const one of all) one.end();
  assert.deepEqual(await Promise.all([runs[0], runs[2], runs[3]]), ["done", "done", "done"]);
});

test("who does not want to wait any more takes nobody's turn", async () => {
  const gate = new AtOnce(1);
  const [first, second, third] = [lasting(), lasting(), lasting()];
  const stop = new AbortController();
  const one = gate.run("one", never, first.call);
  const two = gate.run("Waiting for a turn", stop.signal, second.call);
  const three = gate.run("three", never, third.call);
  stop.abort();
  await assert.rejects(two, { code: "cancelled", message: "Waiting for a turn was cancelled." });
  first.end();
  third.end();
  assert.deepEqual(await Promise.all([one, three]), ["done", "done"]);
  assert.equal(second.begun(), false);
});

test("whose turn comes in the moment of a cancellation hands it on", async () => {
  const gate = new AtOnce(1);
  const [first, second, third] = [lasting(), lasting(), lasting()];
  const stop = new AbortController();
  const one = gate.run("one", never, async () => {
    await first.call();
    stop.abort();
    return "done";
  });
  const two = gate.run("two", stop.signal, second.call).catch(() => "cancelled");
  const three = gate.run("three", never, third.call);
  third.end();
  second.end();
  first.end();
  assert.equal(await one, "done");
  assert.equal(await three, "done");
  await two;
});
