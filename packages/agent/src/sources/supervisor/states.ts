import type { Awaited, Exit, HostEvent, Likely, Overlap, ProcessType, StartFailureKind } from "@ostler/protocol";
import type { StopConfig } from "../../config/stop.js";
import type { History, Policy } from "./restart-decision.js";

/** What a process of a service can be in, what can happen to it, and what can be done about it; machine.ts says which follows from which. */

/** `run` counts the starts for ever. */
export type State = { run: number; history: History } & (
  | { name: "stopped" }
  | { name: "starting"; because: string | undefined }
  | { name: "cancelling"; next: Next }
  | { name: "running"; pid: number; again?: true }
  /** `escalated`: so many of the signals of its escalation were sent. */
  | { name: "stopping"; pid: number; next: Next; escalated?: number }
  | { name: "waiting"; because: string }
  | { name: "deferred"; because: string | undefined; awaits: readonly Awaited[] }
  | { name: "scheduled" }
  | { name: "completed" }
  | { name: "gave-up" }
);

/** What comes after a stop. A restart that is the cure of a failure backs off like one after a crash. */
export type Next = { name: "stop" } | ({ name: "restart" } & Restart) | { name: "fail"; because: string };
export type Restart = { because: string; backOff: boolean };

export type Input =
  | { input: "start" }
  | { input: "stop" }
  | ({ input: "restart" } & Restart)
  | { input: "started"; run: number; pid: number; startTicks: number }
  | { input: "start-failed"; run: number; kind: StartFailureKind; reason: string }
  | { input: "adopted"; run: number; pid: number; startTicks: number; uptimeMs: number }
  | ({ input: "exited"; run: number; pid: number; uptimeMs: number; whileAway: boolean; told?: boolean } & Ended)
  | { input: "ready" }
  | { input: "unready" }
  | { input: "restart-due" }
  | { input: "held"; because: string }
  | { input: "unblocked" }
  | { input: "due" }
  | { input: "overdue" }
  | { input: "stable" }
  | { input: "escalate" };

/** How a run ended, and what was found out about it. */
export type Ended = {
  exit: Exit;
  likely?: Likely;
  /** The kernel killed it for lack of memory. */
  outOfMemory: boolean;
  /** It had to be killed after its stop timeout. */
  forced: boolean;
};

export type Effect =
  | { effect: "spawn"; run: number }
  | { effect: "signal" }
  | { effect: "escalate"; signal: string }
  | { effect: "timer"; input: "restart-due" | "stable" | "overdue" | "escalate"; afterMs: number }
  | { effect: "clear-timers" }
  | { effect: "publish"; event: HostEvent };

export type Context = {
  service: string;
  process: string;
  type: ProcessType;
  restart: Policy;
  stop: StopConfig;
  nowMs: number;
  random: () => number;
  /** How long nothing may be started by itself; nothing when it may. Who holds it feeds `restart-due` at the end. */
  heldMs?: number | undefined;
  /** What has to come before the next start; empty when nothing has to. */
  awaits: readonly Awaited[];
  /** When a scheduled process is to run next, as it is written in events. */
  next?: string;
  overlap: Overlap;
  /** How long a run of a process that is to end may last. */
  maxRuntimeMs?: number | undefined;
};
