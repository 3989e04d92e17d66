import { fullJitterMs, maxCrashes, type DelayRule, type Exit, type RestRule } from "@ostler/protocol";

/** What comes after the end of a process: pure, and the only place that knows the restart policy. */

export type Policy = {
  policy: "always" | "on-failure" | "never";
  backoff: { initial: number; max: number };
  stable_after: number;
  crash_loop: { count: number; window: number; then: "slow" | "stop" };
  /** Exit codes and signal names. */
  success_exit: readonly (number | string)[];
  no_restart_exit: readonly (number | string)[];
  restart_force_exit: readonly (number | string)[];
};

/** What a process has behind it since it was last ready for `stable_after`, or started by somebody. */
export type History = {
  /** When it ended and had to be restarted, in ms since 1970; the last ones. */
  crashes: readonly number[];
  /** It ended so often that it is a crash loop. */
  looping: boolean;
};

export const noHistory: History = { crashes: [], looping: false };

export type End = {
  /** Absent when it could not even be started. */
  exit?: Exit;
  because: string;
  /** Trying again soon is of no use: nobody has mended the configuration meanwhile. */
  hopeless: boolean;
};

export type After =
  | { then: "complete"; rule: RestRule }
  | { then: "give-up"; reason: string; rule: RestRule; history: History; crashLoop?: CrashLoop }
  | { then: "restart"; delayMs: number; attempt: number; rule: DelayRule; history: History; crashLoop?: CrashLoop };

/** Told once, when a process begins to loop. */
export type CrashLoop = { crashes: number; windowMs: number; then: "slow" | "stop"; because: string };

export type Moment = { nowMs: number; random: () => number };

/** After an end that nobody asked for. */
export function afterEnd(end: End, history: History, policy: Policy, moment: Moment): After {
  const { exit, because } = end;
  const isSuccess = exit !== undefined && isClean(exit, policy);
  const rest = (rule: RestRule, why: string): After =>
    isSuccess ? { then: "complete", rule } : { then: "give-up", reason: `${because}; ${why}`, rule, history };
  if (exit && isListed(exit, policy.no_restart_exit)) return rest("no_restart_exit", "its no_restart_exit lists that");
  const isForced = exit !== undefined && isListed(exit, policy.restart_force_exit);
  if (!isForced && (policy.policy === "never" || (policy.policy === "on-failure" && isSuccess)))
    return rest("policy", `its restart policy is ${policy.policy}`);
  return afterFailure(end, history, policy, moment);
}

/** After an end that calls for a restart, whatever the policy: counted, and delayed. */
export function afterFailure(
  { because, hopeless }: Omit<End, "exit">,
  before: History,
  { backoff, crash_loop: loop }: Policy,
  { nowMs, random }: Moment,
): After {
  const crashes = [...before.crashes, nowMs].slice(-maxCrashes);
  const attempt = crashes.length;
  const recent = crashes.filter((at) => nowMs - at < loop.window).length;
  const looping = before.looping || recent >= loop.count;
  const history = { crashes, looping };
  const crashLoop: CrashLoop = { crashes: recent, windowMs: loop.window, then: loop.then, because };
  const begins = looping && !before.looping ? { crashLoop } : {};
  if (looping && loop.then === "stop")
    return { then: "give-up", reason: `it is in a crash loop: ${because}`, rule: "crash_loop", history, ...begins };
  const delayMs =
    looping || hopeless
      ? slowly(backoff.max, random)
      : fullJitterMs(attempt, { initialMs: backoff.initial, maxMs: backoff.max }, random);
  const rule = looping ? "crash_loop" : hopeless ? "backoff.max" : "backoff";
  return { then: "restart", delayMs, attempt, rule, history, ...begins };
}

/** At least half of the longest delay, and a random part of the rest. */
function slowly(maxMs: number, random: () => number): number {
  return Math.round((maxMs / 2) * (1 + random()));
}

/** systemd's meaning of a clean end: success, or a signal that asks politely. */
export function isClean(exit: Exit, { success_exit: more }: Pick<Policy, "success_exit">): boolean {
  return isListed(exit, [0, "SIGHUP", "SIGINT", "SIGTERM", "SIGPIPE", ...more]);
}

function isListed(exit: Exit, list: readonly (number | string)[]): boolean {
  if (exit.kind === "code") return list.includes(exit.code);
  return exit.kind === "signal" && list.includes(exit.signal);
}
