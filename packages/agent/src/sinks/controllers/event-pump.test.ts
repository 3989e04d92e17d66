import assert from "node:assert/strict";
import { test } from "node:test";
import { seqOf, type AgentFrame, type AgentFrameOf, type Envelope } from "@ostler/protocol";
import type { Reading } from "../../core/journal/reader.js";
import { pumpEvents } from "./event-pump.js";
import { Window } from "./window.js";

type Sent = AgentFrameOf<"events"> | AgentFrameOf<"gap">;

const wide = { events: 10_000, bytes: 64 * 1024 * 1024 };

/** What is sent of these readings; each frame is acknowledged when `ack` says so. */
async function pumped(
  readings: Reading[],
  { limits = wide, topics = [] as string[], ack = true, from = 1 } = {},
): Promise<{ sent: Sent[]; window: Window }> {
  const sent: Sent[] = [];
  const stop = new AbortController();
  const window = new Window(limits, from - 1);
  const take = (frame: Sent): void => {
    sent.push(frame);
    const upto = frame.t === "gap" ? frame.to : seqs(frame).at(-1);
    if (ack) queueMicrotask(() => assert.equal(window.ack(upto ?? 0), true));
  };
  const link = {
    send: (frame: AgentFrame) => take(frame as Sent),
    sendInPace: async (text: string) => take(JSON.parse(text) as Sent),
  };
  const journal = {
    read: async function* (): AsyncGenerator<Reading> {
      yield* readings;
      stop.abort();
    },
  };
  const pumping = pumpEvents(from, { journal, link, window, epoch: "e1", topics }, stop.signal);
  if (!ack) setImmediate(() => stop.abort());
  await pumping;
  return { sent, window };
}

/** A reading of events from one seq to another. */
function events(from: number, to: number, { type = "app.ticked", bytes = 0 } = {}): Reading {
  const list = Array.from({ length: to - from + 1 }, (_, at) => {
    const seq = from + at;
    const sequence = String(seq).padStart(16, "0");
    return { seq, json: JSON.stringify({ id: `e1-${seq}`, type, sequence, data: { note: "x".repeat(bytes) } }) };
  });
  return { kind: "events", events: list };
}

function seqs(frame: Sent): number[] {
  return frame.t === "gap" ? [] : frame.events.map((event) => seqOf(event as Envelope));
}

function sizes(sent: readonly Sent[]): number[] {
  return sent.map((frame) => seqs(frame).length);
}

test("what the journal reads at once goes out in one frame", async () => {
  const { sent } = await pumped([events(1, 5), events(6, 7)]);
  assert.deepEqual(sent.map(seqs), [
    [1, 2, 3, 4, 5],
    [6, 7],
  ]);
});

test("a frame has at most 512 events and a quarter of a mebibyte", async () => {
  assert.deepEqual(sizes((await pumped([events(1, 1100)])).sent), [512, 512, 76]);
  assert.deepEqual(sizes((await pumped([events(1, 5, { bytes: 100 * 1024 })])).sent), [2, 2, 1]);
});

test("an event that is larger than a frame should be goes alone", async () => {
  assert.deepEqual(sizes((await pumped([events(1, 3, { bytes: 300 * 1024 })])).sent), [1, 1, 1]);
});

test("no frame has more events or bytes than the window has room for", async () => {
  assert.deepEqual(sizes((await pumped([events(1, 7)], { limits: { events: 3, bytes: 4096 } })).sent), [3, 3, 1]);
  const byBytes = await pumped([events(1, 6, { bytes: 400 })], { limits: { events: 100, bytes: 1024 } });
  assert.deepEqual(sizes(byBytes.sent), [2, 2, 2]);
});

test("without acknowledgements no more than the window is sent", async () => {
  const { sent, window } = await pumped([events(1, 50), events(51, 100)], {
    limits: { events: 30, bytes: 1 << 20 },
    ack: false,
  });
  assert.deepEqual(sizes(sent), [30]);
  assert.equal(window.acked, 0);
});

test("only the topics that were asked for are sent, and the rest needs no acknowledgement", async () => {
  const readings = [events(1, 4), events(5, 6, { type: "ostler.service.ready" }), events(7, 9)];
  const { sent, window } = await pumped(readings, { topics: ["service.*"] });
  assert.deepEqual(sent.map(seqs), [[5, 6]]);
  assert.equal(window.acked, 9);
});

test("a type in the data of an event is not its type", async () => {
  const json = JSON.stringify({
    id: "e1-1",
    type: "app.ticked",
    sequence: "1",
    data: { type: "ostler.service.ready" },
  });
  const { sent } = await pumped([{ kind: "events", events: [{ seq: 1, json }] }], { topics: ["service.*"] });
  assert.deepEqual(sent, []);
});

test("a gap is told in its place, with its reason", async () => {
  const { sent } = await pumped([
    events(1, 2),
    { kind: "gap", from: 3, to: 7, reason: "retention" },
    events(8, 8),
    { kind: "gap", from: 9, to: 9, reason: "corrupt" },
  ]);
  assert.deepEqual(
    sent.map((frame) => (frame.t === "gap" ? frame : seqs(frame))),
    [
      [1, 2],
      { t: "gap", epoch: "e1", from: 3, to: 7, count: 5, reason: "retention" },
      [8],
      { t: "gap", epoch: "e1", from: 9, to: 9, count: 1, reason: "corrupt" },
    ],
  );
});
