import assert from "node:assert/strict";
import { test } from "node:test";
import { hashOf, initialState, type AgentFrame } from "@ostler/protocol";
import { FakeClock } from "../../testing/fake-clock.js";
import { KeepAlive, type Silence } from "./keep-alive.js";

/** A link on a clock that the test turns by hand. */
function world(silence: Silence): {
  clock: FakeClock;
  alive: KeepAlive;
  sent: { atMs: number; frame: AgentFrame }[];
  say: () => void;
  terminatedAt: () => number | undefined;
} {
  const clock = new FakeClock();
  const sent: { atMs: number; frame: AgentFrame }[] = [];
  let terminatedAt: number | undefined;
  const link = {
    lastSentMs: 0,
    send(frame: AgentFrame) {
      this.lastSentMs = clock.monotonic();
      sent.push({ atMs: this.lastSentMs, frame });
    },
    terminate: () => (terminatedAt = clock.monotonic()),
  };
  const state = { ...initialState("e1"), seq: 7 };
  const deps = { clock, state: () => state, journal: { durable: 6 }, lagMs: () => 12.4 };
  const alive = new KeepAlive(link, silence, deps);
  const say = (): void => link.send({ t: "bye", reason: "" });
  return { clock, alive, sent, say, terminatedAt: () => terminatedAt };
}

/** The longest time in which nothing was sent. */
function longestSilence(sent: readonly { atMs: number }[]): number {
  return Math.max(...sent.map(({ atMs }, at) => atMs - (sent[at - 1]?.atMs ?? 0)));
}

test("a heartbeat says where the agent is", () => {
  const { clock, sent } = world({ oursMs: 1000, theirsMs: 1000 });
  clock.advance(1000);
  const hash = hashOf({ ...initialState("e1"), seq: 7 });
  assert.deepEqual(
    sent.map(({ frame }) => frame),
    [{ t: "heartbeat", hash, seq: 7, next: 7, lag_ms: 12 }],
  );
});

test("it is never silent for longer than agreed, whenever it last said something else", () => {
  for (let saidAtMs = 0; saidAtMs < 1000; saidAtMs += 50) {
    const { clock, alive, sent, say } = world({ oursMs: 1000, theirsMs: 1000 });
    clock.advance(saidAtMs);
    say();
    for (let n = 0; n < 40; n++) {
      alive.heard();
      clock.advance(100);
    }
    assert.ok(longestSilence(sent) <= 1000, `silent for ${longestSilence(sent)} ms after ${saidAtMs}`);
  }
});

test("while there is other traffic there is no heartbeat", () => {
  const { clock, alive, sent, say } = world({ oursMs: 1000, theirsMs: 1000 });
  for (let n = 0; n < 20; n++) {
    say();
    alive.heard();
    clock.advance(500);
  }
  assert.deepEqual(
    sent.filter(({ frame }) => frame.t === "heartbeat"),
    [],
  );
});

test("a controller that has missed two heartbeats is cut off", () => {
  const { clock, alive, terminatedAt } = world({ oursMs: 1000, theirsMs: 1000 });
  clock.advance(600);
  alive.heard();
  clock.advance(2400);
  assert.equal(terminatedAt(), undefined);
  clock.advance(600);
  assert.ok((terminatedAt() ?? 0) > 3000);
  assert.equal(clock.waiting, 0);
});

test("an agent that is configured to speak more often does not expect it of the controller", () => {
  const { clock, sent, terminatedAt } = world({ oursMs: 1000, theirsMs: 30_000 });
  clock.advance(60_000);
  assert.equal(terminatedAt(), undefined);
  assert.ok(longestSilence(sent) <= 1000);
  clock.advance(20_000);
  assert.notEqual(terminatedAt(), undefined);
});

test("what has ended leaves no timer", () => {
  const { clock, alive } = world({ oursMs: 1000, theirsMs: 1000 });
  alive[Symbol.dispose]();
  assert.equal(clock.waiting, 0);
});
