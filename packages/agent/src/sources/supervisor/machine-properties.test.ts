import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { step } from "./machine.js";
import type { Context, Input, State } from "./states.js";
import {
  code,
  signal,
  start,
  stop,
  restart,
  cure,
  due,
  stable,
  started,
  failed,
  exited,
  ready,
  unready,
  always,
  onFailure,
  never,
  atOnce,
  stopped,
  context,
  itsTime,
  overdue,
  unblocked,
} from "../../testing/machine-walk.js";

const anyInput: fc.Arbitrary<(run: number) => Input> = fc.oneof(
  ...[start, stop, restart, cure, due, stable, ready, unready, unblocked, itsTime, overdue].map((input) =>
    fc.constant(() => input),
  ),
  fc.constant(started),
  fc.constant(failed),
  fc.constantFrom(code(0), code(1), signal("SIGKILL")).map((exit) => (run: number) => exited(run, exit)),
);
const anyPolicy = fc.constantFrom(always, onFailure, never, atOnce, {
  ...always,
  crash_loop: { count: 2, window: 1000, then: "stop" as const },
});

/** What does not change in the life of a process. */
const anyKind: fc.Arbitrary<Partial<Context>> = fc.record({
  type: fc.constantFrom("daemon", "oneshot", "scheduled"),
  overlap: fc.constantFrom("skip", "queue", "replace"),
  maxRuntimeMs: fc.constantFrom(undefined, 1000),
});

/** What may be another in each moment. */
const anyMoment: fc.Arbitrary<Partial<Context>> = fc.record({
  awaits: fc.constantFrom([], [], [{ process: "db", until: "ready" as const }]),
  heldMs: fc.constantFrom(undefined, undefined, undefined, 1000),
});

test("whatever happens in whatever order: one copy at most, one end for each start, no timer without a process", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(anyInput, fc.constantFrom(0, 0, 0, -1), anyMoment), { maxLength: 60 }),
      anyPolicy,
      anyKind,
      (story, policy, kind) => {
        let state: State = stopped;
        /** What the host has: a run that was launched, begun or is over; and the timers that are set. */
        const runs = new Map<number, "launched" | "begun" | "over">();
        const timers = new Set<string>();
        const told: string[] = [];
        const held = new Set<number>();
        for (const [make, back, moment] of story) {
          const input = make(state.run + back);
          if (!happens(input, runs, timers)) continue;
          const [next, effects] = step(state, input, context(policy, { ...kind, ...moment }));
          state = next;
          if (moment.heldMs !== undefined) held.add(state.run);
          for (const effect of effects) {
            if (effect.effect === "spawn") {
              assert.ok(
                [...runs.values()].every((at) => at === "over"),
                "a second copy",
              );
              assert.ok(!runs.has(effect.run), "a run number is used twice");
              runs.set(effect.run, "launched");
            }
            if (effect.effect === "clear-timers") timers.clear();
            if (effect.effect === "timer") timers.add(effect.input);
            if (effect.effect === "publish") told.push(effect.event.type);
            if (effect.effect === "signal") assert.equal(runs.get(state.run), "begun");
          }
          assert.ok(!timers.has("stable") || state.name === "running", `stable waits while ${state.name}`);
          assert.ok(!timers.has("overdue") || state.name === "running", `overdue waits while ${state.name}`);
          // While a process is held, whoever holds it lets it go.
          assert.ok(!timers.has("restart-due") || state.name === "waiting");
          assert.ok(state.name !== "waiting" || timers.has("restart-due") || held.has(state.run));
          const alive = [...runs.values()].filter((at) => at !== "over").length;
          assert.equal(alive, ["starting", "cancelling", "running", "stopping"].includes(state.name) ? 1 : 0);
        }
        const count = (...types: string[]): number => told.filter((type) => types.includes(type)).length;
        const begun = [...runs.values()].filter((at) => at === "begun").length;
        assert.equal(count("service.started", "service.restarted"), count("service.exited") + begun);
      },
    ),
    { numRuns: 2000 },
  );
});

test("whatever came before, a stop ends in rest as soon as the process has ended", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(anyInput, anyMoment), { maxLength: 40 }),
      anyPolicy,
      anyKind,
      (story, policy, kind) => {
        let state: State = stopped;
        const runs = new Map<number, "launched" | "begun" | "over">();
        const take = (input: Input, moment: Partial<Context> = {}): void => {
          if (!happens(input, runs, new Set(["restart-due", "stable", "overdue"]))) return;
          const [next, effects] = step(state, input, context(policy, { ...kind, ...moment }));
          state = next;
          for (const effect of effects) if (effect.effect === "spawn") runs.set(effect.run, "launched");
        };
        for (const [make, moment] of story) take(make(state.run), moment);
        take(stop);
        for (const make of [started, exited]) take(make(state.run));
        assert.equal(state.name, "stopped");
      },
    ),
    { numRuns: 2000 },
  );
});

/** Can this happen now? A run begins or fails once after it was launched, and ends once after it has begun. */
function happens(input: Input, runs: Map<number, "launched" | "begun" | "over">, timers: Set<string>): boolean {
  if (input.input === "restart-due" || input.input === "stable" || input.input === "overdue")
    return timers.delete(input.input);
  if (!("run" in input)) return true;
  const before = input.input === "exited" ? "begun" : "launched";
  if (runs.get(input.run) !== before) return false;
  runs.set(input.run, input.input === "started" ? "begun" : "over");
  return true;
}
