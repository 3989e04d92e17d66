import assert from "node:assert/strict";
import { test } from "node:test";
import { applyPatch, hashOf, initialState, type AgentFrame, type AgentFrameOf, type HostState } from "@ostler/protocol";
import { FakeClock } from "../../testing/fake-clock.js";
import { StateSender } from "./state-sender.js";

type StateFrame = AgentFrameOf<"state">;

/** A sender whose world the test turns by hand. */
function world(): {
  clock: FakeClock;
  sender: StateSender;
  sent: StateFrame[];
  link: { isCongested: boolean };
  become: (seq: number, labels?: Record<string, string>) => HostState;
  carried: { upto: number };
} {
  const clock = new FakeClock();
  const sent: StateFrame[] = [];
  const carried = { upto: 0 };
  let state = initialState("e1");
  const link = { isCongested: false, send: (frame: AgentFrame) => void sent.push(frame as StateFrame) };
  const sender = new StateSender({
    state: () => state,
    link,
    clock,
    carried: () => carried.upto,
  });
  const become = (seq: number, labels = state.agent.labels): HostState =>
    (state = { ...state, seq, agent: { ...state.agent, labels } });
  return { clock, sender, sent, link, become, carried };
}

test("the whole state is sent with its hash and its seq", () => {
  const { sender, sent, become } = world();
  const state = become(7);
  sender.sendFull();
  assert.deepEqual(sent, [{ t: "state", rev: 1, at_seq: 7, hash: hashOf(state), full: state }]);
});

test("a change that no event has carried is sent as a patch that leads to the new state", () => {
  const { clock, sender, sent, become } = world();
  const before = become(1, { role: "api" });
  sender.sendFull();
  become(2, { role: "web" });
  const after = become(3, { zone: "b" });
  clock.advance(1000);
  const [, patch] = sent;
  assert.equal(sent.length, 2);
  assert.deepEqual(applyPatch(before, patch?.patch ?? {}), after);
  assert.deepEqual(
    { rev: patch?.rev, at_seq: patch?.at_seq, hash: patch?.hash },
    { rev: 2, at_seq: 3, hash: hashOf(after) },
  );
});

test("what the events carry is not sent again", () => {
  const { clock, sender, sent, become, carried } = world();
  sender.sendFull();
  become(4, { role: "web" });
  carried.upto = 4;
  clock.advance(5000);
  assert.equal(sent.length, 1);
});

test("a state that does not change is sent once", () => {
  const { clock, sender, sent, become } = world();
  become(1);
  sender.sendFull();
  clock.advance(10_000);
  assert.equal(sent.length, 1);
});

test("changes that come quickly travel together", () => {
  const { clock, sender, sent, become } = world();
  sender.sendFull();
  for (let seq = 1; seq <= 100; seq++) {
    become(seq, { n: String(seq) });
    clock.advance(10);
  }
  assert.equal(sent.length, 2);
});

test("a controller that does not read is sent the last state when it reads again, once, however often it asked", () => {
  const { clock, sender, sent, link, become } = world();
  link.isCongested = true;
  for (let n = 0; n < 100; n++) sender.sendFull();
  become(5);
  clock.advance(3000);
  assert.deepEqual(sent, []);
  link.isCongested = false;
  clock.advance(3000);
  assert.deepEqual(
    sent.map(({ at_seq, full }) => ({ at_seq, isFull: full !== undefined })),
    [{ at_seq: 5, isFull: true }],
  );
});

test("a sender that has ended leaves no timer", () => {
  const { clock, sender } = world();
  assert.equal(clock.waiting, 1);
  sender[Symbol.dispose]();
  assert.equal(clock.waiting, 0);
});
