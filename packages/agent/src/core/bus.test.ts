import assert from "node:assert/strict";
import { test } from "node:test";
import { fold, initialState, type ForeignEvent, type HostEvent } from "@ostler/protocol";
import { Bus, type Published } from "./bus.js";
import { FakeClock } from "../testing/fake-clock.js";

const clock = new FakeClock();
const newBus = (): Bus => new Bus({ state: initialState("e1"), agentId: "a1", clock });
const note = (text: string): ForeignEvent => ({ type: "app.noted", data: { text } });
const configured: HostEvent = { type: "service.configured", data: { service: "web", processes: ["main"], checks: [] } };
const ready: HostEvent = { type: "service.ready", data: { service: "web" } };

/** What an event says, in a word. */
function said({ event: { type, data } }: Published): string {
  const { text, part } = data as { text?: string; part?: string };
  return text ?? (type === "agent.faulted" ? `fault ${part}` : type);
}

function listen(bus: Bus, name: string, heard: string[]): void {
  bus.subscribe(name, (published) => heard.push(`${name} ${published.state.seq} ${said(published)}`));
}

test("events are numbered from 1 on, without a hole", () => {
  const bus = newBus();
  assert.deepEqual(
    ["a", "b", "c"].map((text) => bus.publish(note(text))),
    [1, 2, 3],
  );
  assert.equal(bus.state.seq, 3);
});

test("every listener hears every event, in the order they subscribed", () => {
  const bus = newBus();
  const heard: string[] = [];
  listen(bus, "first", heard);
  listen(bus, "second", heard);
  bus.publish(note("a"));
  bus.publish(note("b"));
  assert.deepEqual(heard, ["first 1 a", "second 1 a", "first 2 b", "second 2 b"]);
});

test("an event carries the state before and after it, and both are folds", () => {
  const bus = newBus();
  const seen: Published[] = [];
  bus.subscribe("seen", (published) => seen.push(published));
  bus.publish(configured);
  bus.publish(ready);
  const [first, second] = seen;
  assert.ok(first && second);
  assert.deepEqual(first.before, initialState("e1"));
  assert.equal(second.before, first.state);
  assert.equal(bus.state, second.state);
  const { time } = second.envelope;
  assert.deepEqual(second.state, fold(first.state, ready, { epoch: "e1", seq: 2, time }));
});

test("an envelope tells who, when and which", () => {
  const bus = newBus();
  const ids: string[] = [];
  bus.subscribe("seen", ({ envelope: { id, source, time } }) => ids.push(`${id} ${source} ${time}`));
  bus.publish(ready);
  assert.deepEqual(ids, ["e1-1 /agents/a1 2026-01-01T00:00:00.000Z"]);
});

test("what a listener publishes comes after what made it, for everybody, and it is told its number", () => {
  const bus = newBus();
  const heard: string[] = [];
  bus.subscribe("answers", (published) => {
    if (said(published) !== "ask") return;
    heard.push(`told ${bus.publish(note("answer"))} ${bus.publish(note("more"))}`);
  });
  listen(bus, "last", heard);
  assert.equal(bus.publish(note("ask")), 1);
  assert.deepEqual(heard, ["told 2 3", "last 1 ask", "last 2 answer", "last 3 more"]);
});

test("while a listener hears an event, the state is the one after that event", () => {
  const bus = newBus();
  const seqs: number[][] = [];
  bus.subscribe("answers", (published) => {
    if (said(published) === "ask") bus.publish(note("answer"));
  });
  bus.subscribe("looks", ({ state }) => void seqs.push([state.seq, bus.state.seq]));
  bus.publish(note("ask"));
  assert.deepEqual(seqs, [
    [1, 1],
    [2, 2],
  ]);
});

test("a listener that throws is told of once, and the others still hear everything", () => {
  const bus = newBus();
  const heard: string[] = [];
  listen(bus, "before", heard);
  bus.subscribe("broken", () => {
    throw new Error("out of order");
  });
  listen(bus, "after", heard);
  bus.publish(note("a"));
  bus.publish(note("b"));
  assert.deepEqual(heard, [
    "before 1 a",
    "after 1 a",
    "before 2 fault broken",
    "after 2 fault broken",
    "before 3 b",
    "after 3 b",
  ]);
});

test("whoever publishes is not hit by a listener that throws", () => {
  const bus = newBus();
  bus.subscribe("broken", () => {
    throw new Error("out of order");
  });
  assert.equal(bus.publish(note("a")), 1);
});

test("the fault says what was thrown", () => {
  const bus = newBus();
  const reasons: unknown[] = [];
  bus.subscribe("seen", ({ event }) => {
    if (event.type === "agent.faulted") reasons.push(event.data.reason);
  });
  bus.subscribe("broken", () => {
    throw new Error("out of order");
  });
  bus.publish(note("a"));
  assert.deepEqual(reasons, ["out of order"]);
});

test("an event that cannot be folded is told of as a fault, and holds nothing up", () => {
  const bus = newBus();
  const heard: string[] = [];
  listen(bus, "all", heard);
  bus.publish(configured);
  bus.publish({
    type: "service.delayed",
    data: { service: "web", process: "main", attempt: 1, delayMs: NaN, because: "" },
  });
  bus.publish(note("a"));
  assert.deepEqual(heard, ["all 1 service.configured", "all 2 fault event service.delayed", "all 3 a"]);
});

test("a disposed listener hears nothing more", () => {
  const bus = newBus();
  const heard: string[] = [];
  const subscription = bus.subscribe("short", (published) => heard.push(said(published)));
  bus.publish(note("a"));
  subscription[Symbol.dispose]();
  bus.publish(note("b"));
  assert.deepEqual(heard, ["a"]);
});

test("samples reach their takers and are no events", () => {
  const bus = newBus();
  const taken: string[] = [];
  const taker = bus.onSample("metrics", ({ type }) => taken.push(type));
  bus.sample({ type: "journal.written", events: 1, bytes: 1, tookMs: 1 });
  taker[Symbol.dispose]();
  bus.sample({ type: "journal.written", events: 1, bytes: 1, tookMs: 1 });
  assert.deepEqual([taken, bus.state.seq], [["journal.written"], 0]);
});

test("a taker of samples that throws is told of once, and the others still take them", () => {
  const bus = newBus();
  const heard: string[] = [];
  listen(bus, "all", heard);
  bus.onSample("broken", () => {
    throw new Error("out of order");
  });
  bus.onSample("whole", () => heard.push("taken"));
  bus.sample({ type: "journal.written", events: 1, bytes: 1, tookMs: 1 });
  bus.sample({ type: "journal.written", events: 1, bytes: 1, tookMs: 1 });
  assert.deepEqual(heard, ["all 1 fault broken", "taken", "taken"]);
});

test("a bus goes on where the state it was given ends", () => {
  const bus = new Bus({ state: { ...initialState("e1"), seq: 41 }, agentId: "a1", clock });
  assert.equal(bus.publish(note("a")), 42);
});
