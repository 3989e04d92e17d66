import { endInWords, type HostEvent, type Phase, type ProcessState } from "@ostler/protocol";
import type { Identity } from "../../../platform/proc.js";
import type { End, Sight } from "./sight.js";

/** What is told of an attached process, decided purely: what was told last, and what is seen now, make events. */

/** What has been told last. `restarts`: how often its owner had restarted it then; unknown of what another agent has told. */
export type Told = { run: number; restarts: number | undefined } & (
  | { is: "unseen" }
  | { is: "running"; identity: Identity }
  | { is: "ended"; end: End | undefined }
  | { is: "waiting"; attempt: number; end: End | undefined }
  | { is: "stopped" }
  | { is: "completed" }
  | { is: "gave-up"; reason: string }
);

/** What the agent itself has asked the owner to do, while that is under way. `cure`: because it was unhealthy. */
export type Asked = { action: "start" | "stop" | "restart"; because: string; cure: boolean };

export type Context = {
  service: string;
  process: string;
  /** The owner in words, like `systemd`. */
  owner: string;
  asked: Asked | undefined;
  /** Nothing has been seen by this agent before. */
  first: boolean;
  /** What was told last was true of another boot of the host. */
  otherBoot: boolean;
  /** How long a process has been running, in milliseconds, by its start ticks. */
  uptimeMs: (startTicks: number) => number;
  /** How the process ended that was told to be running; only when `isOver`. */
  end: End | undefined;
};

/** What a new agent knows from the state that the one before left. */
export function toldBefore(before: ProcessState | undefined): Told {
  const { phase, lastExit } = before ?? { phase: { name: "stopped" } satisfies Phase };
  const run = Math.max("run" in phase ? phase.run : 0, lastExit?.run ?? 0);
  const known = { run, restarts: undefined };
  switch (phase.name) {
    case "running":
    case "stopping":
      return { ...known, is: "running", identity: { pid: phase.pid, startTicks: phase.startTicks } };
    case "exited":
      return { ...known, is: "ended", end: lastExit };
    case "waiting":
      return { ...known, is: "waiting", attempt: phase.attempt, end: lastExit };
    case "completed":
      return { ...known, is: "completed" };
    case "gave-up":
      return { ...known, is: "gave-up", reason: phase.reason };
    case "stopped":
    case "deferred": // What it was before it was attached.
    case "scheduled":
      return { ...known, is: run === 0 ? "unseen" : "stopped" };
    default:
      return phase satisfies never;
  }
}

/** Has the process ended that was told to be running? Then its end has to be found out before anything is told. */
export function isOver(told: Told, sight: Sight, alive: boolean): boolean {
  if (told.is !== "running" || sight.is === "unsure") return false;
  return sight.is === "running" ? !isSame(told.identity, sight.identity) : !alive;
}

export function observe(told: Told, sight: Sight, context: Context): { told: Told; events: HostEvent[] } {
  const over = told.is === "running" && context.end ? exited(told, context.end, context) : undefined;
  const after: Told = over ? { ...told, is: "ended", end: over.end } : told;
  const wasThere = over !== undefined || told.is === "waiting";
  const next = follow(after, sight, { ...context, isFound: context.first && (context.otherBoot || !wasThere) });
  return { told: next.told, events: [...(over ? [over.event] : []), ...next.events] };
}

function exited(
  { run, identity }: Extract<Told, { is: "running" }>,
  end: End,
  { asked, first, otherBoot, uptimeMs, ...context }: Context,
): { end: End; event: HostEvent } {
  const its: End = {
    ...end,
    cause: asked?.cure ? "watchdog" : end.cause,
    expected: end.expected || asked?.action === "stop" || asked?.action === "restart",
  };
  const lived = its.uptimeMs ?? (otherBoot ? 0 : uptimeMs(identity.startTicks));
  const { exit, cause, expected } = its;
  const data = { ...who(context), run, pid: identity.pid, exit, cause, uptimeMs: lived, expected, whileAway: first };
  return { end: its, event: { type: "service.exited", data } };
}

type Next = { told: Told; events: HostEvent[] };

/** `isFound`: nobody knows how it came to run. */
type Following = Context & { isFound: boolean };

function follow(told: Told, sight: Sight, context: Following): Next {
  const nothing: Next = { told, events: [] };
  const at = { run: told.run, restarts: told.restarts };
  switch (sight.is) {
    case "running":
      return begin(told, sight, context);
    case "waiting": {
      if (told.is === "waiting" && told.attempt === sight.attempt) return nothing;
      const { attempt, delayMs, because } = sight;
      const event: HostEvent = { type: "service.delayed", data: { ...who(context), attempt, delayMs, because } };
      return { told: { ...at, is: "waiting", attempt, end: endOf(told) }, events: [event] };
    }
    case "stopped":
      if (told.is === "stopped" || told.is === "unseen") return nothing;
      if (context.asked?.action === "restart") return nothing; // It is on its way.
      return { told: { ...at, is: "stopped" }, events: [{ type: "service.stopped", data: who(context) }] };
    case "completed":
      if (told.is === "completed") return nothing;
      return { told: { ...at, is: "completed" }, events: [{ type: "service.completed", data: who(context) }] };
    case "failed": {
      const { reason, stale } = sight;
      if (stale && context.asked)
        return context.asked.action === "stop" ? follow(told, { is: "stopped" }, context) : nothing;
      if ((told.is === "gave-up" && told.reason === reason) || (told.is === "stopped" && stale)) return nothing;
      const event: HostEvent = { type: "service.gave-up", data: { ...who(context), reason } };
      return { told: { ...at, is: "gave-up", reason }, events: [event] };
    }
    case "changing":
    case "unsure":
      return nothing;
    default:
      return sight satisfies never;
  }
}

function begin(told: Told, { identity, restarts }: Extract<Sight, { is: "running" }>, context: Following): Next {
  const { first, isFound } = context;
  if (told.is === "running" && isSame(told.identity, identity)) {
    const known: Told = { ...told, restarts };
    return { told: known, events: first ? [adopted(told.run, identity, context)] : [] };
  }
  const run = told.run + 1;
  const next: Told = { run, restarts, is: "running", identity };
  if (isFound) return { told: next, events: [adopted(run, identity, context)] };
  const data = { ...who(context), run, ...identity };
  const again = whyAgain(told, restarts, context);
  if (!again) return { told: next, events: [{ type: "service.started", data }] };
  return { told: next, events: [{ type: "service.restarted", data: { ...data, ...again } }] };
}

function adopted(run: number, identity: Identity, { uptimeMs, ...context }: Context): HostEvent {
  const data = { ...who(context), run, ...identity, uptimeMs: uptimeMs(identity.startTicks) };
  return { type: "service.adopted", data };
}

/** Why it was started again, and the attempt, 0 when somebody wanted it; nothing when it simply was started. */
function whyAgain(
  told: Told,
  restarts: number,
  { owner, asked, first }: Context,
): { because: string; attempt: number } | undefined {
  if (asked?.action === "restart") return { because: asked.because, attempt: 0 };
  if (asked) return undefined;
  if (restarts > (told.restarts ?? 0)) {
    const end = endOf(told);
    const why = end ? `it ${endInWords(end)}; ` : "";
    return { because: `${why}${owner} restarted it (NRestarts ${restarts})`, attempt: restarts };
  }
  if (told.is !== "ended" && told.is !== "waiting") return undefined;
  const because = first ? "somebody restarted it while no agent was there" : `somebody restarted it through ${owner}`;
  return { because, attempt: 0 };
}

/** How the last run ended, where nothing else has been told since than that another one comes. */
function endOf(told: Told): End | undefined {
  return told.is === "ended" || told.is === "waiting" ? told.end : undefined;
}

function isSame(one: Identity, other: Identity): boolean {
  return one.pid === other.pid && one.startTicks === other.startTicks;
}

function who({ service, process }: { service: string; process: string }): { service: string; process: string } {
  return { service, process };
}
