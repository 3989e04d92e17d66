import {
  awaitsInWords,
  endInWords,
  limitInWords,
  type Actor,
  type Attached,
  type Isolation,
  type Maintenance,
  type Phase,
  type ProcessState,
  durationInWords,
} from "@ostler/protocol";
import { ofAttached } from "./why-attached.js";
import type { SettingPaths } from "./setting-paths.js";
import type { RestartCause, Wish } from "./why-story.js";

/** One thing that explains how a service is: in words, with the setting or command it follows from, and what comes next. */
export type Answer = {
  /** `process main`, `check up`, `service`, `agent`. */
  about: string;
  says: string;
  rule?: string;
  by?: Actor;
  next?: { at: string; inMs: number; attempt?: number };
};

/** What is known of the service and its story. */
export type Circumstances = {
  service: string;
  paths: SettingPaths;
  nowMs: number;
  maintenance: Maintenance | undefined;
  isolation: Isolation | undefined;
  /** Of a process that has another owner. */
  attached?: Attached | undefined;
  stoppedBy: Wish | undefined;
  restartedFor: RestartCause | undefined;
};

type Said = Omit<Answer, "about">;

export function whyProcess(process: string, state: ProcessState, around: Circumstances): Answer[] {
  const { crashLoop, lastExit, exceeded = {} } = state;
  const { attached, isolation, paths } = around;
  const isOwners = attached && !(isolation && state.phase.name === "stopped");
  const all: Said[] = [
    isOwners ? ofAttached(process, state.phase, attached, around) : ofPhase(process, state, around),
    ...(crashLoop ? [ofCrashLoop(crashLoop, paths)] : []),
    ...(state.marker ? [ofMarker(process, state.marker, paths)] : []),
    ...Object.entries(exceeded).map(([watch, limit]) => ({
      says: `It is beyond a limit since ${limit.since}: ${limitInWords(limit)}`,
      rule: paths.watch(watch),
    })),
    ...(lastExit ? [ofExit(process, lastExit, around)] : []),
    ...(state.lastRestart ? [ofRestart(state, around)] : []),
  ];
  return all.map((said) => ({ about: `process ${process}`, ...said }));
}

function ofPhase(process: string, { phase, startFailure, schedule }: ProcessState, around: Circumstances): Said {
  const { paths } = around;
  switch (phase.name) {
    case "running":
      return { says: `It runs, pid ${phase.pid}, since ${phase.since}` };
    case "stopping":
      return { says: `It is being stopped, pid ${phase.pid}, since ${phase.since}` };
    case "stopped":
      return ofStopped(around);
    case "waiting":
      return ofWaiting(phase, startFailure?.kind, around);
    case "deferred":
      return { says: `It waits for ${awaitsInWords(phase.awaits)}`, rule: paths.process(process, "after") };
    case "scheduled":
      return ofScheduled(process, schedule?.next, around);
    case "completed":
      return { says: "It has completed, and rests", rule: paths.restart(phase.rule ?? "policy") };
    case "gave-up":
      return {
        says: `It is not restarted: ${phase.reason}; \`ostler start ${around.service}\` starts it`,
        rule: paths.restart(phase.rule ?? "policy"),
      };
    case "exited":
      return { says: "It has just ended, and what follows is being decided" };
    default:
      return phase satisfies never;
  }
}

function ofStopped({ service, isolation, stoppedBy, paths }: Circumstances): Said {
  if (isolation)
    return {
      says: `It is stopped, and stays so until \`ostler release ${service}\``,
      rule: "service.isolate",
      by: isolation.by,
    };
  const until = `and stays so until \`ostler start ${service}\``;
  if (!stoppedBy) return { says: `It was stopped, ${until}; the journal does not know by whom`, rule: "service.stop" };
  const { by, at, reason } = stoppedBy;
  return {
    says: `It was stopped, ${until}; by ${by.kind} ${by.name} at ${at}${reason === undefined ? "" : `: ${reason}`}`,
    rule: ruleOf(stoppedBy, "service.stop", paths),
    by,
  };
}

function ofWaiting(
  { attempt, until, because, rule = "backoff" }: Extract<Phase, { name: "waiting" }>,
  kind: string | undefined,
  { maintenance, nowMs, paths }: Circumstances,
): Said {
  const at = maintenance && maintenance.until > until ? maintenance.until : until;
  const next = { at, inMs: Math.max(0, Date.parse(at) - nowMs), ...(attempt > 0 ? { attempt } : {}) };
  const when = `at ${at}, in ${durationInWords(next.inMs)}`;
  const why = `because ${because}${kind === undefined ? "" : ` (${kind})`}`;
  if (maintenance || rule === "maintenance")
    return { says: `It waits for the end of the maintenance ${when}, ${why}`, rule: "maintenance.on", next };
  const how = rule === "backoff.max" ? "; only a person can mend that, so it is tried seldom" : "";
  return { says: `It waits for attempt ${attempt} ${when}, ${why}${how}`, rule: paths.restart(rule), next };
}

function ofScheduled(process: string, at: string | undefined, { maintenance, nowMs, paths }: Circumstances): Said {
  const rule = paths.process(process, "cron");
  if (at === undefined) return { says: "It waits for its time", rule };
  const next = { at, inMs: Math.max(0, Date.parse(at) - nowMs) };
  const not = maintenance && maintenance.until > at ? ", which the maintenance will let pass" : "";
  return { says: `It waits for its time, ${at}, in ${durationInWords(next.inMs)}${not}`, rule, next };
}

/** A marker is a hint: that it is missing explains nothing by itself. */
function ofMarker(process: string, marker: NonNullable<ProcessState["marker"]>, paths: SettingPaths): Said {
  const { run, match, seen, at } = marker;
  const rule = paths.process(process, "marker");
  if (seen) return { says: `Run ${run} wrote what its marker "${match}" looks for, at ${at}`, rule };
  return {
    says: `Run ${run} had not written what its marker "${match}" looks for when its time was over, at ${at}`,
    rule,
  };
}

function ofCrashLoop({ since }: NonNullable<ProcessState["crashLoop"]>, paths: SettingPaths): Said {
  const settled = paths.restart("stable_after");
  return {
    says: `It is in a crash loop since ${since}, until it has been ready for ${settled}, or somebody starts it`,
    rule: paths.restart("crash_loop"),
  };
}

function ofExit(
  process: string,
  exit: NonNullable<ProcessState["lastExit"]>,
  { attached, paths }: Circumstances,
): Said {
  const { run, at, uptimeMs, expected, cause } = exit;
  const says = `Run ${run} ${endInWords(exit)} at ${at}, after ${durationInWords(uptimeMs)}${expected ? ", as asked" : ""}`;
  return { says, ...(cause === "timeout" && !attached ? { rule: paths.process(process, "stop.timeout") } : {}) };
}

function ofRestart({ lastRestart, restarts }: ProcessState, { restartedFor, attached, paths }: Circumstances): Said {
  const { at = "", because = "" } = lastRestart ?? {};
  const says = `It was last restarted at ${at}, because ${because} (${restarts} in all)`;
  switch (restartedFor?.for) {
    case undefined:
      return { says };
    case "configuration":
      return { says, rule: restartedFor.settings.join(", ") || "config.reload" };
    case "end":
      return attached ? { says } : { says, rule: paths.restart("policy") };
    case "wish": {
      const { wish } = restartedFor;
      const by = `${says}, by ${wish.by.kind} ${wish.by.name}`;
      return { says: by, rule: ruleOf(wish, "service.restart", paths), by: wish.by };
    }
    default:
      return restartedFor satisfies never;
  }
}

/** The setting that a policy followed; of a person the command itself. */
function ruleOf({ check, watch }: Wish, command: string, paths: SettingPaths): string {
  if (check !== undefined) return paths.check(check);
  return watch === undefined ? command : paths.watch(watch);
}
