import assert from "node:assert/strict";
import { test } from "node:test";
import type { Phase, ProcessState } from "@ostler/protocol";
import { recover, type Facts } from "./recovery.js";
import { noHistory } from "./restart-decision.js";
import type { RunRecord, SlotRecord } from "./records.js";

const identity = { pid: 70, startTicks: 7 };
const at = "2026-01-01T00:00:00.000Z";

const facts = (given: Partial<Facts> = {}): Facts => ({
  alive: () => false,
  noteOf: () => "",
  claim: () => true,
  keeperLives: () => false,
  sameBoot: true,
  ...given,
});

const record = (...runs: RunRecord[]): SlotRecord => ({ stopped: false, runs });
const begun = (run: number, status?: number): RunRecord => ({
  run,
  claimed: true,
  started: identity,
  ...(status === undefined ? {} : { status }),
});

function known(phase: Phase, exitOfRun?: number): ProcessState {
  const lastExit = {
    at,
    run: exitOfRun ?? 0,
    exit: { kind: "code" as const, code: 1 },
    cause: "code" as const,
    uptimeMs: 1,
    expected: false,
  };
  return { phase, restarts: 0, crashes: [], ...(exitOfRun === undefined ? {} : { lastExit }) };
}

const running = (run: number): Phase => ({ name: "running", run, ...identity, since: at });

test("a process that nobody knows is started", () => {
  const { state, last, then, exits } = recover(record(), undefined, facts());
  assert.deepEqual(
    [state, last, then, exits],
    [{ name: "stopped", run: 0, history: noHistory }, { is: "over" }, "start", []],
  );
});

test("a process that lives is adopted, and nothing is started", () => {
  const { last, then } = recover(record(begun(3)), known(running(3)), facts({ alive: () => true }));
  assert.deepEqual([last, then], [{ is: "alive", run: 3, identity }, "nothing"]);
});

test("a process that lives is adopted although the journal never heard of its run", () => {
  const { last, exits } = recover(record(begun(3)), undefined, facts({ alive: () => true }));
  assert.deepEqual([last, exits], [{ is: "alive", run: 3, identity }, []]);
});

test("a process that ended while nobody was there has its end told", () => {
  const { state, last, then } = recover(record(begun(3, 7)), known(running(3)), facts());
  assert.deepEqual(state, { name: "running", run: 3, history: noHistory, pid: 70 });
  assert.deepEqual([last, then], [{ is: "ended", run: 3, identity, status: 7 }, "nothing"]);
});

test("a process that is gone without a status is watched until its keeper has had its chance", () => {
  const { last } = recover(record(begun(3)), known(running(3)), facts());
  assert.deepEqual(last, { is: "ended", run: 3, identity, status: undefined });
});

test("the end of a run between the known one and the living one is told too", () => {
  const { exits, last } = recover(
    record(begun(3, 139), { ...begun(4), started: { pid: 80, startTicks: 8 } }),
    known(running(3)),
    facts({ alive: ({ pid }) => pid === 80, noteOf: () => "Segmentation fault" }),
  );
  assert.deepEqual(exits, [{ run: 3, pid: 70, exit: { kind: "signal", signal: "SIGSEGV", core: false } }]);
  assert.equal(last.is, "alive");
});

test("an end that was told already is not told again", () => {
  const { exits, last, then } = recover(record(begun(3, 1)), known({ name: "stopped" }, 3), facts());
  assert.deepEqual([exits, last, then], [[], { is: "over" }, "start"]);
});

test("an end that nobody recorded is not told again either", () => {
  const { exits, last, then } = recover(record(begun(3)), known({ name: "stopped" }, 3), facts());
  assert.deepEqual([exits, last, then], [[], { is: "over" }, "start"]);
});

test("an end that was told without a decision is decided, not told again", () => {
  const before = { ...known({ name: "exited", run: 3 }, 3), crashes: [at, at] };
  const { state, exits, last } = recover(record(begun(3, 1)), before, facts());
  assert.deepEqual([exits, state.history.crashes], [[], [Date.parse(at)]]);
  assert.deepEqual(last, { is: "undecided", run: 3, identity, exit: { kind: "code", code: 1 } });
});

test("a run before the last one whose end was told is not told again while nothing is decided", () => {
  const { exits } = recover(record(begun(3, 1), begun(4, 1)), known({ name: "exited", run: 3 }, 3), facts());
  assert.deepEqual(exits, []);
});

test("an end that somebody asked for needs no decision", () => {
  const { lastExit = assert.fail(), ...before } = known({ name: "exited", run: 3 }, 3);
  const asked = { ...before, lastExit: { ...lastExit, expected: true } };
  const { last, then } = recover(record(begun(3, 1)), asked, facts());
  assert.deepEqual([last, then], [{ is: "over" }, "start"]);
});

test("who waited for the next attempt is started, and keeps count", () => {
  const waiting: Phase = { name: "waiting", attempt: 4, until: at, because: "it crashed" };
  const before = { ...known(waiting, 3), crashes: [at, at] };
  const { state, then } = recover(record(begun(3, 1)), before, facts());
  const history = { crashes: [Date.parse(at), Date.parse(at)], looping: false };
  assert.deepEqual([state, then], [{ name: "waiting", run: 3, history, because: "it crashed" }, "restart-due"]);
});

test("a crash loop goes on under the next agent, and is forgotten with the boot", () => {
  const before = { ...known(running(3)), crashes: [at], crashLoop: { since: at, because: "it crashed" } };
  const historyIn = (sameBoot: boolean): unknown =>
    recover(record(begun(3)), before, facts({ alive: () => true, sameBoot })).state.history;
  assert.deepEqual(historyIn(true), { crashes: [Date.parse(at)], looping: true });
  assert.deepEqual(historyIn(false), noHistory);
});

for (const phase of [{ name: "completed" }, { name: "gave-up", reason: "" }] as const)
  test(`who ${phase.name} before stays so within the boot, and begins anew in the next`, () => {
    const here = recover(record(begun(3, 0)), known(phase, 3), facts());
    assert.deepEqual([here.state, here.then], [{ name: phase.name, run: 3, history: noHistory }, "nothing"]);
    const next = recover(record(), known(phase, 3), facts({ sameBoot: false }));
    assert.deepEqual([next.state, next.then], [{ name: "stopped", run: 3, history: noHistory }, "start"]);
  });

test("who was stopped stays stopped", () => {
  const { state, then } = recover({ stopped: true, runs: [begun(3, 0)] }, known({ name: "stopped" }, 3), facts());
  assert.deepEqual([state, then], [{ name: "stopped", run: 3, history: noHistory }, "nothing"]);
});

test("an end that was asked for by a stop is told as such, and nothing follows from it", () => {
  const { state, last, then } = recover({ stopped: true, runs: [begun(3, 0)] }, known(running(3)), facts());
  assert.deepEqual(state, { name: "stopping", run: 3, history: noHistory, pid: 70, next: { name: "stop" } });
  assert.deepEqual([last, then], [{ is: "ended", run: 3, identity, status: 0 }, "stop"]);
});

test("a stop that was recorded and never told is told", () => {
  const waiting: Phase = { name: "waiting", attempt: 4, until: at, because: "it crashed" };
  for (const runs of [[begun(3, 1)], [], [{ run: 4, claimed: true }]])
    assert.equal(recover({ stopped: true, runs }, known(waiting, 3), facts()).then, "stop");
});

test("who was stopped and still runs is stopped", () => {
  const { then } = recover({ stopped: true, runs: [begun(3)] }, known(running(3)), facts({ alive: () => true }));
  assert.equal(then, "stop");
});

test("a run that was never claimed is taken from its keeper, so that it cannot begin beside ours", () => {
  const claimed: number[] = [];
  const claim = (run: number): boolean => claimed.push(run) > 0;
  const { then, last } = recover(record({ run: 5, claimed: false }), known(running(4), 4), facts({ claim }));
  assert.deepEqual([claimed, then, last], [[5], "start", { is: "over" }]);
});

test("a run whose keeper was faster and lives is waited for", () => {
  const { state, then, last } = recover(
    record({ run: 5, claimed: false }),
    undefined,
    facts({ claim: () => false, keeperLives: () => true }),
  );
  assert.deepEqual([then, last], ["nothing", { is: "beginning" }]);
  assert.deepEqual(state, { name: "starting", run: 5, history: noHistory, because: undefined });
});

test("a run that was claimed by a keeper that died is started anew", () => {
  const { then, state } = recover(record({ run: 5, claimed: true }), undefined, facts());
  assert.deepEqual([then, state.run], ["start", 5]);
});

test("what ran before the host was restarted has ended, and nobody knows how", () => {
  const { exits, then, state } = recover(record(), known(running(9)), facts({ sameBoot: false }));
  assert.deepEqual(exits, [{ run: 9, pid: 70, exit: { kind: "unknown", reason: "the host was restarted" } }]);
  assert.deepEqual([then, state.run], ["start", 9]);
});

test("a run whose record is gone because others came after it has its end told, before theirs", () => {
  const { exits, last } = recover(record(begun(7, 1), begun(8)), known(running(4)), facts({ alive: () => true }));
  assert.deepEqual(
    exits.map(({ run, exit: { kind } }) => [run, kind]),
    [
      [4, "unknown"],
      [7, "code"],
    ],
  );
  assert.equal(last.is, "alive");
});

test("run numbers go on from what the journal knew", () => {
  assert.equal(recover(record(), known({ name: "stopped" }, 12), facts()).state.run, 12);
});
