import type { Exit } from "@ostler/protocol";
import { step } from "../sources/supervisor/machine.js";
import type { Context, Effect, Input, State } from "../sources/supervisor/states.js";
import { noHistory, type Policy } from "../sources/supervisor/restart-decision.js";

/** The words of stories about the supervisor's machine, and a walk through them that says every step as one line. */

export const code = (value: number): Exit => ({ kind: "code", code: value });
export const signal = (name: string): Exit => ({ kind: "signal", signal: name, core: false });

export const start: Input = { input: "start" };
export const stop: Input = { input: "stop" };
export const restart: Input = { input: "restart", because: "asked", backOff: false };
export const cure: Input = { input: "restart", because: "unhealthy", backOff: true };
export const due: Input = { input: "restart-due" };
export const stable: Input = { input: "stable" };
export const unblocked: Input = { input: "unblocked" };
export const itsTime: Input = { input: "due" };
export const overdue: Input = { input: "overdue" };
export const started = (run: number): Input => ({ input: "started", run, pid: 100 + run, startTicks: run });
export const failed = (run: number): Input => ({ input: "start-failed", run, kind: "host", reason: "no room" });
export const adopted = (run: number): Input => ({
  input: "adopted",
  run,
  pid: 100 + run,
  startTicks: run,
  uptimeMs: 5,
});
export const exited = (run: number, exit: Exit = code(1)): Input => ({
  input: "exited",
  run,
  pid: 100 + run,
  exit,
  outOfMemory: false,
  forced: false,
  uptimeMs: 7,
  whileAway: false,
});

export const ready: Input = { input: "ready" };
export const unready: Input = { input: "unready" };

export const always: Policy = {
  policy: "always",
  backoff: { initial: 1000, max: 60_000 },
  stable_after: 60_000,
  crash_loop: { count: 5, window: 0, then: "slow" },
  success_exit: [],
  no_restart_exit: [],
  restart_force_exit: [],
};
export const onFailure: Policy = { ...always, policy: "on-failure" };
export const never: Policy = { ...always, policy: "never" };
export const atOnce: Policy = { ...always, backoff: { initial: 0, max: 0 } };

export const stopped: State = { name: "stopped", run: 0, history: noHistory };

export const context = (restart: Policy, more: Partial<Context> = {}): Context => ({
  service: "web",
  process: "main",
  type: "daemon",
  restart,
  stop: { signal: "SIGTERM", escalation: [], timeout: 10_000 },
  nowMs: 0,
  random: () => 0.5,
  awaits: [],
  overlap: "skip",
  ...more,
});

/** Every step as `state: effects`, from a stopped process on. */
export function walk(inputs: readonly Input[], policy: Policy = always, from: State = stopped): string[] {
  let state = from;
  return inputs.map((input) => {
    const [next, effects] = step(state, input, context(policy));
    state = next;
    return [inWords(state), ...effects.map(effectInWords)].join(" ");
  });
}

export function last(...walked: Parameters<typeof walk>): string {
  return walk(...walked).at(-1) ?? "";
}

export function inWords(state: State): string {
  const { crashes, looping } = state.history;
  const attempt = crashes.length > 0 ? `#${crashes.length}${looping ? "!" : ""}` : "";
  const next = "next" in state ? `(${state.next.name})` : "";
  return `${state.name}${next}${attempt}@${state.run}:`;
}

export function effectInWords(effect: Effect): string {
  switch (effect.effect) {
    case "spawn":
      return `spawn-${effect.run}`;
    case "signal":
      return "signal";
    case "escalate":
      return `signal-${effect.signal}`;
    case "timer":
      return `${effect.input}-in-${effect.afterMs}`;
    case "clear-timers":
      return "clear";
    case "publish":
      return effect.event.type.slice("service.".length);
    default:
      return effect satisfies never;
  }
}
