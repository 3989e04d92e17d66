import type { Exit, Phase, ProcessState } from "@ostler/protocol";
import type { Identity } from "../../platform/proc.js";
import { exitOf } from "./keeper.js";
import type { State } from "./states.js";
import type { RunRecord, SlotRecord } from "./records.js";
import { noHistory, type History } from "./restart-decision.js";

/** What a new agent makes of what an agent before it left behind for one process. */
export type Recovery = {
  /** Where the machine begins. */
  state: State;
  /** Ends of runs before the last one that nobody has heard of yet. */
  exits: { run: number; pid: number; exit: Exit }[];
  last:
    | { is: "alive"; run: number; identity: Identity }
    /** It ended; without a status its keeper may still be about to record it. */
    | { is: "ended"; run: number; identity: Identity; status: number | undefined }
    /** Its end is told, but nothing was decided about it. */
    | { is: "undecided"; run: number; identity: Identity; exit: Exit }
    /** Its keeper is about to begin. */
    | { is: "beginning" }
    | { is: "over" };
  /** What has to be asked of it: it runs and should not, or should run and does not. */
  then: "start" | "restart-due" | "stop" | "nothing";
};

/** What can be asked about the host; each answer holds for this boot. */
export type Facts = {
  alive: (identity: Identity) => boolean;
  noteOf: (run: number) => string;
  /** Takes the decision whether a run happens; false when its keeper has taken it. */
  claim: (run: number) => boolean;
  keeperLives: (run: number) => boolean;
  sameBoot: boolean;
};

/** `before` is what the journal knew of the process; `record` what its keepers left in this boot. */
export function recover(record: SlotRecord, before: ProcessState | undefined, facts: Facts): Recovery {
  const phase = before?.phase;
  const history = historyOf(before, facts);
  const knownRun = before ? Math.max(runOf(before.phase), before.lastExit?.run ?? 0) : 0;
  const reported = (run: number): boolean => (before?.lastExit?.run ?? 0) >= run;
  const last = record.runs.at(-1);
  const exits = [...vanished(record, phase, facts), ...unheard(record.runs.slice(0, -1), phase, reported, facts)];
  if (!last || last.run < knownRun) return { ...nothingRuns({ run: knownRun, history }, record, phase, facts), exits };
  const { run, started: identity } = last;
  if (!identity) {
    const begins = (last.claimed || !facts.claim(run)) && facts.keeperLives(run);
    if (begins)
      return {
        state: { name: "starting", run, history, because: undefined },
        exits,
        last: { is: "beginning" },
        then: record.stopped ? "stop" : "nothing",
      };
    if (record.stopped) return { ...stopped({ run, history }, phase), exits };
    return { state: { name: "stopped", run, history }, exits, last: { is: "over" }, then: "start" };
  }
  if (facts.alive(identity))
    return {
      state: { name: "stopped", run, history },
      exits,
      last: { is: "alive", run, identity },
      then: record.stopped ? "stop" : "nothing",
    };
  const known = { run, history, pid: identity.pid };
  // Its end was asked for, when somebody stopped it: nothing follows from it.
  const state: State = record.stopped
    ? { name: "stopping", ...known, next: { name: "stop" } }
    : { name: "running", ...known };
  const then = record.stopped ? "stop" : "nothing";
  if (reported(run)) {
    if (phase?.name !== "exited" || !before?.lastExit || before.lastExit.expected)
      return { ...nothingRuns({ run, history }, record, phase, facts), exits };
    const crashes = history.crashes.slice(0, -1); // Its own is counted when it is decided.
    const undecided = { ...state, history: { ...history, crashes } };
    return { state: undecided, exits, last: { is: "undecided", run, identity, exit: before.lastExit.exit }, then };
  }
  return { state, exits, last: { is: "ended", run, identity, status: last.status }, then };
}

/** The last run is over and everybody knows: what was decided then still holds, within one boot. */
function nothingRuns(
  known: { run: number; history: History },
  record: SlotRecord,
  phase: Phase | undefined,
  { sameBoot }: Facts,
): Omit<Recovery, "exits"> {
  const last = { is: "over" as const };
  if (record.stopped) return stopped(known, phase);
  if (!sameBoot) return { state: { name: "stopped", ...known }, last, then: "start" };
  if (phase?.name === "completed" || phase?.name === "gave-up")
    return { state: { name: phase.name, ...known }, last, then: "nothing" };
  if (phase?.name === "waiting") {
    const { because } = phase;
    return { state: { name: "waiting", ...known, because }, last, then: "restart-due" };
  }
  return { state: { name: "stopped", ...known }, last, then: "start" };
}

/** Nothing runs of what somebody stopped; the agent before may have been killed before it could tell. */
function stopped(known: { run: number; history: History }, phase: Phase | undefined): Omit<Recovery, "exits"> {
  const last = { is: "over" as const };
  if (phase === undefined || phase.name === "stopped")
    return { state: { name: "stopped", ...known }, last, then: "nothing" };
  return { state: { name: "waiting", ...known, because: "it was stopped" }, last, then: "stop" };
}

/** A crash loop outlives the agent that noticed it, not the boot. */
function historyOf(before: ProcessState | undefined, { sameBoot }: Facts): History {
  if (!before || !sameBoot) return noHistory;
  return { crashes: before.crashes.map((at) => Date.parse(at)), looping: before.crashLoop !== undefined };
}

/** Runs between the one the journal knew and the last one: the agent died while it restarted the process. */
function unheard(
  runs: readonly RunRecord[],
  phase: Phase | undefined,
  reported: (run: number) => boolean,
  facts: Facts,
): Recovery["exits"] {
  const from = phase ? runOf(phase) : 0;
  return runs.flatMap(({ run, started, status }) => {
    if (!started || run < from || reported(run)) return [];
    const exit: Exit =
      status === undefined ? { kind: "unknown", reason: "no agent was there" } : exitOf(status, facts.noteOf(run));
    return [{ run, pid: started.pid, exit }];
  });
}

/** The journal knew a running process of which this boot has no record. */
function vanished({ runs }: SlotRecord, phase: Phase | undefined, { sameBoot }: Facts): Recovery["exits"] {
  if ((phase?.name !== "running" && phase?.name !== "stopping") || runs.some(({ run }) => run === phase.run)) return [];
  const reason = sameBoot ? "the records of its keeper are gone" : "the host was restarted";
  return [{ run: phase.run, pid: phase.pid, exit: { kind: "unknown", reason } }];
}

function runOf(phase: Phase): number {
  return "run" in phase ? phase.run : 0;
}
