import { endInWords, type HostEvent } from "@ostler/protocol";
import { causeOf, isHopeless, isHopelessStart } from "./cause.js";
import { escalate, escalateLater } from "./escalation.js";
import { afterEnd, afterFailure, isClean, noHistory, type After, type History } from "./restart-decision.js";
import type { Context, Effect, Input, Next, Restart, State } from "./states.js";

/** What to do, decided purely: the class in process.ts performs the effects and feeds back what happened. */

type Step = [State, Effect[]];

export function step(state: State, input: Input, context: Context): Step {
  switch (input.input) {
    case "start":
      return onStart(state, context);
    case "stop":
      return onStop(state, context);
    case "restart":
      return onRestart(state, input, context);
    case "started":
      return onStarted(state, input, context);
    case "start-failed":
      return onStartFailed(state, input, context);
    case "adopted":
      return onAdopted(state, input, context);
    case "exited":
      return onExited(state, input, context);
    case "ready":
      return isDaemonRunning(state, context) ? [state, settleLater(context)] : [state, []];
    case "unready":
      return isDaemonRunning(state, context) ? [state, [{ effect: "clear-timers" }]] : [state, []];
    case "restart-due":
      return (state.name === "waiting" || state.name === "deferred") && context.heldMs === undefined
        ? spawn(state, state.history, state.because, context)
        : [state, []];
    case "unblocked":
      return onUnblocked(state, context);
    case "due":
      return onDue(state, context);
    case "overdue":
      return onOverdue(state, context);
    case "held":
      return state.name === "stopped" || state.name === "waiting"
        ? hold(state, { attempt: 0, because: input.because }, context, [])
        : [state, []];
    case "stable":
      return onStable(state, context);
    case "escalate":
      return escalate(state, context);
    default:
      return input satisfies never;
  }
}

function onStart(state: State, context: Context): Step {
  switch (state.name) {
    case "starting":
    case "deferred":
    case "running":
      return [state, []];
    case "stopping":
    case "cancelling":
      return [{ ...state, next: { name: "restart", because: "it was started while it stopped", backOff: false } }, []];
    case "waiting":
      return spawn(state, noHistory, state.because, context);
    case "stopped":
      return context.type === "scheduled" ? rearm(state, context, []) : spawn(state, noHistory, undefined, context);
    case "scheduled":
    case "completed":
    case "gave-up":
      return spawn(state, noHistory, undefined, context);
    default:
      return state satisfies never;
  }
}

function onStop(state: State, context: Context): Step {
  switch (state.name) {
    case "starting":
      return [{ ...state, name: "cancelling", next: { name: "stop" } }, []];
    case "running":
      return beginStop(state, { name: "stop" }, context);
    case "stopping":
    case "cancelling":
      return [{ ...state, next: { name: "stop" } }, []];
    case "waiting":
    case "deferred":
    case "scheduled":
    case "completed":
    case "gave-up":
      return rest(state, context, []);
    case "stopped":
      return [state, []];
    default:
      return state satisfies never;
  }
}

function onRestart(state: State, { because, backOff }: Restart, context: Context): Step {
  const next: Next = { name: "restart", because, backOff };
  switch (state.name) {
    case "starting":
      return [{ ...state, name: "cancelling", next }, []];
    case "running":
      return beginStop(state, next, context);
    case "stopping":
    case "cancelling":
      return [{ ...state, next }, []];
    case "waiting":
      return backOff ? [state, []] : spawn(state, noHistory, because, context);
    case "deferred":
      return [state, []];
    case "scheduled":
      return backOff ? [state, []] : spawn(state, noHistory, because, context);
    case "stopped":
    case "completed":
    case "gave-up":
      return spawn(state, noHistory, because, context);
    default:
      return state satisfies never;
  }
}

function onStarted(state: State, input: Extract<Input, { input: "started" }>, context: Context): Step {
  const { run, pid, startTicks } = input;
  if ((state.name !== "starting" && state.name !== "cancelling") || state.run !== run) return [state, []];
  const { history } = state;
  const because = state.name === "starting" ? state.because : undefined;
  const data = { ...who(context), run, pid, startTicks };
  const event: HostEvent =
    because === undefined
      ? { type: "service.started", data }
      : { type: "service.restarted", data: { ...data, attempt: history.crashes.length, because } };
  const running = { name: "running" as const, run, history, pid };
  if (state.name === "cancelling") {
    const [stopping, effects] = beginStop(running, state.next, context);
    return [stopping, [publish(event), ...effects]];
  }
  return [running, [publish(event), ...endInTime(0, context)]];
}

function onStartFailed(
  state: State,
  { run, kind, reason }: Extract<Input, { input: "start-failed" }>,
  context: Context,
): Step {
  if ((state.name !== "starting" && state.name !== "cancelling") || state.run !== run) return [state, []];
  const failed = publish({ type: "service.start-failed", data: { ...who(context), run, kind, reason } });
  if (state.name === "cancelling" && state.next.name === "stop") return rest(state, context, [failed]);
  if (context.type === "scheduled") return rearm(state, context, [failed]);
  const end = { because: `it could not be started: ${reason}`, hopeless: isHopelessStart(kind) };
  return follow(state, afterEnd(end, state.history, context.restart, context), end.because, context, [failed]);
}

function onAdopted(
  { history }: State,
  { run, pid, startTicks, uptimeMs }: Extract<Input, { input: "adopted" }>,
  context: Context,
): Step {
  const event = publish({ type: "service.adopted", data: { ...who(context), run, pid, startTicks, uptimeMs } });
  return [{ name: "running", run, history, pid }, [event, ...endInTime(uptimeMs, context)]];
}

/** What it waited for has come, or something else is missing now. Nothing starts by itself while it is held. */
function onUnblocked(state: State, context: Context): Step {
  if (state.name !== "deferred") return [state, []];
  if (context.awaits.length === 0)
    return context.heldMs === undefined ? spawn(state, state.history, state.because, context) : [state, []];
  return JSON.stringify(state.awaits) === JSON.stringify(context.awaits) ? [state, []] : defer(state, context);
}

/** It is time for a scheduled process. */
function onDue(state: State, context: Context): Step {
  switch (state.name) {
    case "scheduled":
      return spawn(state, state.history, undefined, context);
    case "running": {
      const { overlap } = context;
      const told = publish({ type: "service.overlapped", data: { ...who(context), run: state.run, then: overlap } });
      if (overlap === "skip") return [state, [told]];
      if (overlap === "queue") return [{ ...state, again: true }, [told]];
      const next: Next = { name: "restart", because: "it was due again", backOff: false };
      const [stopping, effects] = beginStop(state, next, context);
      return [stopping, [told, ...effects]];
    }
    case "starting":
    case "cancelling":
    case "stopping":
    case "waiting":
    case "deferred":
    case "stopped":
    case "completed":
    case "gave-up":
      return [state, []];
    default:
      return state satisfies never;
  }
}

function onOverdue(state: State, context: Context): Step {
  if (state.name !== "running") return [state, []];
  return beginStop(state, { name: "fail", because: "it ran longer than its max_runtime" }, context);
}

function endInTime(uptimeMs: number, { maxRuntimeMs, type }: Context): Effect[] {
  if (maxRuntimeMs === undefined || type === "daemon") return [];
  return [{ effect: "timer", input: "overdue", afterMs: Math.max(0, maxRuntimeMs - uptimeMs) }];
}

function isDaemonRunning(state: State, { type }: Context): boolean {
  return state.name === "running" && type === "daemon";
}

function onStable(state: State, context: Context): Step {
  if (state.name !== "running") return [state, []];
  const event = publish({ type: "service.settled", data: { ...who(context), run: state.run } });
  return [{ ...state, history: noHistory }, [event]];
}

/** Being ready for `stable_after`, without a break, makes up for the past. */
function settleLater({ restart }: Context): Effect[] {
  return [{ effect: "clear-timers" }, { effect: "timer", input: "stable", afterMs: restart.stable_after }];
}

function onExited(state: State, input: Extract<Input, { input: "exited" }>, context: Context): Step {
  if ((state.name !== "running" && state.name !== "stopping") || state.run !== input.run) return [state, []];
  const { run, pid, exit, likely, outOfMemory, forced, uptimeMs, whileAway } = input;
  const expected = state.name === "stopping";
  const asked = state.name === "stopping" ? askedOf(state.next) : "no";
  const cause = causeOf({ exit, clean: isClean(exit, context.restart), asked, outOfMemory, forced });
  const guess = likely && !expected ? { likely } : {};
  const data = { ...who(context), run, pid, exit, cause, ...guess, uptimeMs, expected, whileAway };
  // An agent before this one may have told it, and have come no further.
  const exited = input.told ? [] : [publish({ type: "service.exited", data })];
  if (state.name === "running" && context.type === "scheduled")
    return state.again ? spawnAfter(exited, state, noHistory, undefined, context) : rearm(state, context, exited);
  if (state.name === "running") {
    const because = `it ${endInWords({ exit, cause, ...guess })}`;
    const end = { exit, because, hopeless: isHopeless(exit, likely) };
    return follow(state, afterEnd(end, state.history, context.restart, context), because, context, exited);
  }
  if (state.next.name === "stop") return rest(state, context, exited);
  const { because } = state.next;
  if (state.next.name === "fail" && context.type === "scheduled") return rearm(state, context, exited);
  if (state.next.name === "fail" || state.next.backOff) {
    const after = afterFailure({ because, hopeless: false }, state.history, context.restart, context);
    return follow(state, after, because, context, exited);
  }
  return spawnAfter(exited, state, noHistory, because, context);
}

/** What the end of a stopped process is due to. */
function askedOf(next: Next): "stop" | "unhealthy" | "overdue" {
  if (next.name === "fail") return "overdue";
  return next.name === "restart" && next.backOff ? "unhealthy" : "stop";
}

/** Does what the restart policy says. */
function follow({ run, history }: Known, after: After, because: string, context: Context, before: Effect[]): Step {
  const loop = "crashLoop" in after && after.crashLoop;
  const looping = loop ? [publish({ type: "service.crash-looped", data: { ...who(context), ...loop } })] : [];
  const effects: Effect[] = [...before, { effect: "clear-timers" }, ...looping];
  switch (after.then) {
    case "complete":
      return [
        { name: "completed", run, history },
        [...effects, publish({ type: "service.completed", data: { ...who(context), rule: after.rule } })],
      ];
    case "give-up": {
      const event = publish({
        type: "service.gave-up",
        data: { ...who(context), reason: after.reason, rule: after.rule },
      });
      return [{ name: "gave-up", run, history: after.history }, [...effects, event]];
    }
    case "restart":
      return restartIn(after, { run, because }, context, effects);
    default:
      return after satisfies never;
  }
}

function restartIn(
  { delayMs, attempt, history, rule }: Extract<After, { then: "restart" }>,
  { run, because }: { run: number; because: string },
  context: Context,
  before: Effect[],
): Step {
  if (context.heldMs !== undefined) return hold({ run, history }, { attempt, because }, context, before);
  if (delayMs === 0) {
    return spawnAfter(before, { run }, history, because, context);
  }
  const delayed = publish({ type: "service.delayed", data: { ...who(context), attempt, delayMs, because, rule } });
  const timer: Effect = { effect: "timer", input: "restart-due", afterMs: delayMs };
  return [{ name: "waiting", run, history, because }, [...before, delayed, timer]];
}

/** It is to run, but not before somebody lets it. */
function hold(
  { run, history }: Known,
  { attempt, because }: { attempt: number; because: string },
  context: Context,
  before: Effect[],
): Step {
  const delayMs = Math.max(0, Math.round(context.heldMs ?? 0));
  const rule = "maintenance" as const;
  const delayed = publish({ type: "service.delayed", data: { ...who(context), attempt, delayMs, because, rule } });
  return [{ name: "waiting", run, history, because }, [...before, { effect: "clear-timers" }, delayed]];
}

type Known = { run: number; history: History };

/** Starts it, or lets it wait for those that it comes after. */
function spawn({ run }: { run: number }, history: History, because: string | undefined, context: Context): Step {
  if (context.awaits.length > 0) return defer({ run, history, because }, context);
  return [
    { name: "starting", run: run + 1, history, because },
    [{ effect: "clear-timers" }, { effect: "spawn", run: run + 1 }],
  ];
}

function spawnAfter(before: Effect[], ...how: Parameters<typeof spawn>): Step {
  const [state, effects] = spawn(...how);
  return [state, [...before, ...effects]];
}

function defer({ run, history, because }: Known & { because: string | undefined }, context: Context): Step {
  const { awaits } = context;
  const event = publish({ type: "service.deferred", data: { ...who(context), awaits: [...awaits] } });
  return [{ name: "deferred", run, history, because, awaits }, [{ effect: "clear-timers" }, event]];
}

/** It waits for its time. */
function rearm({ run }: { run: number }, context: Context, before: Effect[]): Step {
  const { next } = context;
  const event = next === undefined ? [] : [publish({ type: "service.scheduled", data: { ...who(context), next } })];
  return [{ name: "scheduled", run, history: noHistory }, [...before, { effect: "clear-timers" }, ...event]];
}

function beginStop(state: Known & { pid: number }, next: Next, context: Context): Step {
  const { signal, timeout } = context.stop;
  const { run, history, pid } = state;
  const event = publish({ type: "service.signalled", data: { ...who(context), run, pid, signal, timeoutMs: timeout } });
  const effects: Effect[] = [{ effect: "clear-timers" }, event, { effect: "signal" }, ...escalateLater(0, context)];
  return [{ name: "stopping", run, history, pid, next }, effects];
}

function rest({ run }: { run: number }, context: Context, before: Effect[]): Step {
  const event = publish({ type: "service.stopped", data: who(context) });
  return [{ name: "stopped", run, history: noHistory }, [...before, { effect: "clear-timers" }, event]];
}

function who({ service, process }: Context): { service: string; process: string } {
  return { service, process };
}

function publish(event: HostEvent): Effect {
  return { effect: "publish", event };
}
