import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Overlap } from "@ostler/protocol";
import { step } from "./machine.js";
import type { Context, Input, State } from "./states.js";
import {
  adopted,
  code,
  context,
  cure,
  due,
  effectInWords,
  exited,
  failed,
  inWords,
  onFailure,
  ready,
  restart,
  start,
  started,
  stop,
  stopped,
  itsTime,
  overdue,
  unblocked,
} from "../../testing/machine-walk.js";

type Told = Input | [Input, Partial<Context>];

/** Every step as `state: effects`; what a step says of its context holds from there on. */
function walk(told: readonly Told[], more: Partial<Context> = {}, from: State = stopped): string[] {
  let state = from;
  let now = context(onFailure, more);
  return told.map((one) => {
    const [input, change] = Array.isArray(one) ? one : [one, {}];
    now = { ...now, ...change };
    const [next, effects] = step(state, input, now);
    state = next;
    return [inWords(state), ...effects.map(effectInWords)].join(" ");
  });
}

function last(...walked: Parameters<typeof walk>): string {
  return walk(...walked).at(-1) ?? "";
}

const db = [{ process: "db", until: "ready" as const }];
const dbAndCache = [...db, { process: "cache", until: "started" as const }];

suite("a process that comes after others", () => {
  const waits: Partial<Context> = { awaits: db };
  const come: Partial<Context> = { awaits: [] };
  test("waits for them instead of beginning, and begins when they have come", () => {
    assert.deepEqual(walk([start, [unblocked, come]], waits), [
      "deferred@0: clear deferred",
      "starting@1: clear spawn-1",
    ]);
  });
  test("tells what it waits for only when that changes", () => {
    assert.deepEqual(walk([start, unblocked, [unblocked, { awaits: dbAndCache }], unblocked], waits).slice(1), [
      "deferred@0:",
      "deferred@0: clear deferred",
      "deferred@0:",
    ]);
  });
  test("is not started twice, and is stopped without ever having run", () => {
    assert.equal(last([start, start], waits), "deferred@0:");
    assert.equal(last([start, stop], waits), "stopped@0: clear stopped");
    assert.equal(last([start, restart], waits), "deferred@0:");
  });
  test("waits for them again after each end, and forgets none of its crashes", () => {
    assert.equal(last([start, started(1), exited(1), [due, waits]]), "deferred#1@1: clear deferred");
    assert.equal(last([start, started(1), exited(1), [due, waits], [unblocked, come]]), "starting#1@2: clear spawn-2");
    assert.equal(last([start, started(1), restart, [exited(1), waits]]), "deferred@1: exited clear deferred");
  });
  test("does not begin while it is held, but when that ends", () => {
    const held = { ...come, heldMs: 1000 };
    assert.equal(last([start, [unblocked, held]], waits), "deferred@0:");
    assert.equal(last([start, [unblocked, held], [due, { heldMs: undefined }]], waits), "starting@1: clear spawn-1");
  });
});

suite("a one-shot process", () => {
  const oneshot: Partial<Context> = { type: "oneshot", maxRuntimeMs: 5000 };
  test("completes when it ends well, and tries again when it does not", () => {
    assert.equal(last([start, started(1), exited(1, code(0))], oneshot), "completed@1: exited clear completed");
    assert.match(last([start, started(1), exited(1)], oneshot), /^waiting#1@1: exited clear delayed restart-due/);
  });
  test("never settles: that it runs is no merit", () => {
    assert.equal(last([start, started(1), ready], oneshot), "running@1:");
  });
  test("is stopped when it runs too long, and has failed then", () => {
    assert.equal(last([start, started(1)], oneshot), "running@1: started overdue-in-5000");
    assert.equal(last([start, started(1), overdue], oneshot), "stopping(fail)@1: clear signalled signal");
    assert.match(
      last([start, started(1), overdue, exited(1, code(0))], oneshot),
      /^waiting#1@1: exited clear delayed restart-due/,
    );
  });
  test("has what is left of its time after an adoption", () => {
    assert.equal(last([adopted(1)], oneshot), "running@1: adopted overdue-in-4995");
    assert.equal(last([adopted(1)], { ...oneshot, maxRuntimeMs: 1 }), "running@1: adopted overdue-in-0");
  });
  test("may be stopped while it is stopped for its time: nobody starts it again", () => {
    assert.equal(last([start, started(1), overdue, stop, exited(1)], oneshot), "stopped@1: exited clear stopped");
  });
});

suite("a scheduled process", () => {
  const cron = (overlap: Overlap = "skip", more: Partial<Context> = {}): Partial<Context> => ({
    type: "scheduled",
    next: "2026-01-01T00:00:00.000Z",
    overlap,
    ...more,
  });
  test("waits for its time when it is started, and runs when that comes", () => {
    assert.deepEqual(walk([start, itsTime, started(1), exited(1, code(0))], cron()), [
      "scheduled@0: clear scheduled",
      "starting@1: clear spawn-1",
      "running@1: started",
      "scheduled@1: exited clear scheduled",
    ]);
  });
  test("waits for its next time however it ended, without a retry", () => {
    assert.equal(last([start, itsTime, started(1), exited(1)], cron()), "scheduled@1: exited clear scheduled");
    assert.equal(last([start, itsTime, failed(1)], cron()), "scheduled@1: start-failed clear scheduled");
  });
  test("runs at once when somebody starts it once more", () => {
    assert.equal(last([start, start], cron()), "starting@1: clear spawn-1");
  });
  test("does not run when it is stopped", () => {
    assert.equal(last([itsTime], cron()), "stopped@0:");
    assert.equal(last([start, stop, itsTime], cron()), "stopped@0:");
  });
  const runs = [start, itsTime, started(1)];
  test("that is due while it runs does what its overlap says", () => {
    assert.equal(last([...runs, itsTime], cron("skip")), "running@1: overlapped");
    assert.equal(last([...runs, itsTime], cron("queue")), "running@1: overlapped");
    assert.equal(last([...runs, itsTime], cron("replace")), "stopping(restart)@1: overlapped clear signalled signal");
  });
  test("runs once more after a run in which it was due, however often it was", () => {
    const queued = [...runs, itsTime, itsTime, exited(1)];
    assert.equal(last(queued, cron("queue")), "starting@2: exited clear spawn-2");
    assert.equal(last([...queued, started(2), exited(2)], cron("queue")), "scheduled@2: exited clear scheduled");
  });
  test("makes room for the next run where that replaces it", () => {
    assert.equal(last([...runs, itsTime, exited(1)], cron("replace")), "starting@2: exited clear spawn-2");
  });
  test("that runs too long is stopped, and waits for its next time", () => {
    const brief = cron("skip", { maxRuntimeMs: 1000 });
    assert.equal(last(runs, brief), "running@1: started overdue-in-1000");
    assert.equal(last([...runs, overdue, exited(1)], brief), "scheduled@1: exited clear scheduled");
  });
  test("is not made to run by a cure that comes too late, but by a person", () => {
    assert.equal(last([start, cure], cron()), "scheduled@0:");
    assert.equal(last([start, restart], cron()), "starting@1: clear spawn-1");
  });
});
