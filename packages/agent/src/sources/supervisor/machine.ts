import { exitInWords, fullJitterMs, type Exit, type HostEvent } from "@ostler/protocol";

/** What to do, decided purely: the class in process.ts performs the effects and feeds back what happened. */

export type Policy = {
  policy: "always" | "on-failure" | "never";
  backoff: { initial: number; max: number };
  stable_after: number;
};

/** `run` counts the starts for ever; `attempt` the restarts since the process last ran for `stable_after`. */
export type State = { run: number } & (
  | { name: "stopped" }
  | { name: "starting"; attempt: number; because: string | undefined }
  | { name: "cancelling"; attempt: number; next: Next }
  | { name: "running"; attempt: number; pid: number }
  | { name: "stopping"; attempt: number; pid: number; next: Next }
  | { name: "waiting"; attempt: number; because: string }
  | { name: "completed" }
  | { name: "gave-up" }
);

/** What comes after a stop. A restart that is the cure of a failure backs off like one after a crash. */
type Next = { name: "stop" } | ({ name: "restart" } & Restart);
export type Restart = { because: string; backOff: boolean };

export type Input =
  | { input: "start" }
  | { input: "stop" }
  | ({ input: "restart" } & Restart)
  | { input: "started"; run: number; pid: number; startTicks: number }
  | { input: "start-failed"; run: number; reason: string }
  | { input: "adopted"; run: number; pid: number; startTicks: number; uptimeMs: number }
  | { input: "exited"; run: number; pid: number; exit: Exit; uptimeMs: number; whileAway: boolean }
  | { input: "restart-due" }
  | { input: "stable" };

export type Effect =
  | { effect: "spawn"; run: number }
  | { effect: "signal" }
  | { effect: "timer"; input: "restart-due" | "stable"; afterMs: number }
  | { effect: "clear-timers" }
  | { effect: "publish"; event: HostEvent };

export type Context = {
  service: string;
  process: string;
  restart: Policy;
  stop: { signal: string; timeout: number };
  random: () => number;
};

type Step = [State, Effect[]];

export function step(state: State, input: Input, context: Context): Step {
  switch (input.input) {
    case "start":
      return onStart(state);
    case "stop":
      return onStop(state, context);
    case "restart":
      return onRestart(state, input, context);
    case "started":
      return onStarted(state, input, context);
    case "start-failed":
      return onStartFailed(state, input, context);
    case "adopted":
      return onAdopted(input, context);
    case "exited":
      return onExited(state, input, context);
    case "restart-due":
      return state.name === "waiting" ? spawn(state, state.attempt, state.because) : [state, []];
    case "stable":
      return state.name === "running" ? [{ ...state, attempt: 0 }, []] : [state, []];
    default:
      return input satisfies never;
  }
}

function onStart(state: State): Step {
  switch (state.name) {
    case "starting":
    case "running":
      return [state, []];
    case "stopping":
    case "cancelling":
      return [{ ...state, next: { name: "restart", because: "it was started while it stopped", backOff: false } }, []];
    case "waiting":
      return spawn(state, 0, state.because);
    case "stopped":
    case "completed":
    case "gave-up":
      return spawn(state, 0, undefined);
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
      return backOff ? [state, []] : spawn(state, 0, because);
    case "stopped":
    case "completed":
    case "gave-up":
      return spawn(state, 0, because);
    default:
      return state satisfies never;
  }
}

function onStarted(state: State, input: Extract<Input, { input: "started" }>, context: Context): Step {
  const { run, pid, startTicks } = input;
  if ((state.name !== "starting" && state.name !== "cancelling") || state.run !== run) return [state, []];
  const { attempt } = state;
  const because = state.name === "starting" ? state.because : undefined;
  const data = { ...who(context), run, pid, startTicks };
  const event: HostEvent =
    because === undefined
      ? { type: "service.started", data }
      : { type: "service.restarted", data: { ...data, attempt, because } };
  const running = { name: "running" as const, run, attempt, pid };
  if (state.name === "cancelling") {
    const [stopping, effects] = beginStop(running, state.next, context);
    return [stopping, [publish(event), ...effects]];
  }
  return [running, [publish(event), { effect: "timer", input: "stable", afterMs: context.restart.stable_after }]];
}

function onStartFailed(
  state: State,
  { run, reason }: Extract<Input, { input: "start-failed" }>,
  context: Context,
): Step {
  if ((state.name !== "starting" && state.name !== "cancelling") || state.run !== run) return [state, []];
  const failed = publish({ type: "service.start-failed", data: { ...who(context), run, reason } });
  if (state.name === "cancelling" && state.next.name === "stop") return rest(state, context, [failed]);
  return restartOrRest(state, { failed: true, because: `it could not be started: ${reason}` }, context, [failed]);
}

function onAdopted({ run, pid, startTicks, uptimeMs }: Extract<Input, { input: "adopted" }>, context: Context): Step {
  const event = publish({ type: "service.adopted", data: { ...who(context), run, pid, startTicks, uptimeMs } });
  const afterMs = Math.max(0, context.restart.stable_after - uptimeMs);
  return [{ name: "running", run, attempt: 0, pid }, [event, { effect: "timer", input: "stable", afterMs }]];
}

function onExited(state: State, input: Extract<Input, { input: "exited" }>, context: Context): Step {
  if ((state.name !== "running" && state.name !== "stopping") || state.run !== input.run) return [state, []];
  const { run, pid, exit, uptimeMs, whileAway } = input;
  const expected = state.name === "stopping";
  const exited = publish({
    type: "service.exited",
    data: { ...who(context), run, pid, exit, uptimeMs, expected, whileAway },
  });
  if (state.name === "running")
    return restartOrRest(state, { failed: !isClean(exit), because: `it ${exitInWords(exit)}` }, context, [exited]);
  if (state.next.name === "stop") return rest(state, context, [exited]);
  const { because, backOff } = state.next;
  if (backOff) return restartLater(state, because, context, [exited]);
  const [starting, effects] = spawn(state, 0, because);
  return [starting, [exited, ...effects]];
}

type Attempted = { run: number; attempt: number };

/** What the restart policy says to an end that nobody asked for. */
function restartOrRest(
  state: Attempted,
  { failed, because }: { failed: boolean; because: string },
  context: Context,
  before: Effect[],
): Step {
  const { policy } = context.restart;
  if (policy === "never" || (policy === "on-failure" && !failed)) {
    const event: HostEvent = failed
      ? { type: "service.gave-up", data: { ...who(context), reason: `${because}; its restart policy is ${policy}` } }
      : { type: "service.completed", data: who(context) };
    return [
      { name: failed ? "gave-up" : "completed", run: state.run },
      [...before, { effect: "clear-timers" }, publish(event)],
    ];
  }
  return restartLater(state, because, context, before);
}

function restartLater({ run, attempt }: Attempted, because: string, context: Context, before: Effect[]): Step {
  const { backoff } = context.restart;
  const effects: Effect[] = [...before, { effect: "clear-timers" }];
  const next = attempt + 1;
  const delayMs = fullJitterMs(next, { initialMs: backoff.initial, maxMs: backoff.max }, context.random);
  if (delayMs === 0) {
    const [starting, spawning] = spawn({ run }, next, because);
    return [starting, [...effects, ...spawning]];
  }
  const delayed = publish({ type: "service.delayed", data: { ...who(context), attempt: next, delayMs, because } });
  const timer: Effect = { effect: "timer", input: "restart-due", afterMs: delayMs };
  return [{ name: "waiting", run, attempt: next, because }, [...effects, delayed, timer]];
}

function spawn({ run }: { run: number }, attempt: number, because: string | undefined): Step {
  return [
    { name: "starting", run: run + 1, attempt, because },
    [{ effect: "clear-timers" }, { effect: "spawn", run: run + 1 }],
  ];
}

function beginStop(state: Attempted & { pid: number }, next: Next, context: Context): Step {
  const { signal, timeout } = context.stop;
  const { run, attempt, pid } = state;
  const event = publish({ type: "service.signalled", data: { ...who(context), run, pid, signal, timeoutMs: timeout } });
  return [{ name: "stopping", run, attempt, pid, next }, [{ effect: "clear-timers" }, event, { effect: "signal" }]];
}

function rest({ run }: { run: number }, context: Context, before: Effect[]): Step {
  const event = publish({ type: "service.stopped", data: who(context) });
  return [{ name: "stopped", run }, [...before, { effect: "clear-timers" }, event]];
}

/** systemd's meaning of a clean end: success, or a signal that asks politely. */
function isClean(exit: Exit): boolean {
  if (exit.kind === "code") return exit.code === 0;
  return exit.kind === "signal" && ["SIGHUP", "SIGINT", "SIGTERM", "SIGPIPE"].includes(exit.signal);
}

function who({ service, process }: Context): { service: string; process: string } {
  return { service, process };
}

function publish(event: HostEvent): Effect {
  return { effect: "publish", event };
}
