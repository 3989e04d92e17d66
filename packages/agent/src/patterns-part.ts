import type { HostState } from "@ostler/protocol";
import { effective } from "./config/effective.js";
import type { Loaded } from "./config/load.js";
import type { Part } from "./core/assembly.js";
import type { Bus } from "./core/bus.js";
import type { Clock } from "./core/clock.js";
import type { Journal } from "./core/journal/journal.js";
import type { Reading } from "./core/journal/reader.js";
import type { Scope } from "./core/scope.js";
import { allSpools } from "./platform/spool.js";
import type { KnownMatch } from "./sources/patterns/patterns.js";
import type { Store } from "./store.js";

export type PatternsPartDeps = {
  bus: Bus;
  clock: Clock;
  journal: Journal;
  store: Store;
  /** Last seq of the agent before this one. */
  lastSeq: number;
  /** The spools that were there before this agent started any service. */
  spoolsBefore: ReadonlySet<string>;
  secrets: () => readonly string[];
  degraded: (part: string, reason: string) => void;
  recovered: (part: string) => void;
};

/** Begins to look at what the services write; loaded when they run, because reading of files and patterns is not little. */
export async function startPatterns({ config }: Loaded, scope: Scope, deps: PatternsPartDeps): Promise<Part<Loaded>> {
  const { bus, clock, journal, store, lastSeq, degraded, recovered } = deps;
  const [{ Patterns }, { Checkpoints }] = await Promise.all([
    import("./sources/patterns/patterns.js"),
    import("./sources/patterns/checkpoints.js"),
  ]);
  const state = (): HostState => bus.state;
  const patterns = scope.own(
    await Patterns.start(effective(config.services, state()), deps.spoolsBefore, {
      subscribe: (listener) => bus.subscribe("patterns", listener),
      publish: bus.publish,
      sample: bus.sample,
      clock,
      state,
      secrets: deps.secrets,
      checkpoints: await Checkpoints.open(store.checkpoints, (reason) => degraded("log checkpoints", reason)),
      synced: (seq) => journal.synced(seq),
      spools: store.spools,
      spoolPaths: () => allSpools(store.spools),
      matchesSince: (seq) => matchesIn(journal, seq, lastSeq),
      degraded,
      recovered,
    }),
  );
  return { name: "patterns", prepare: async (next) => patterns.prepare(effective(next.config.services, state())) };
}

/** The matches that the journal has between two events. */
async function matchesIn(journal: Journal, from: number, to: number): Promise<KnownMatch[]> {
  const matches: KnownMatch[] = [];
  if (from > to) return matches;
  for await (const reading of journal.read(from, new AbortController().signal)) {
    if (reading.kind === "gap" ? reading.to >= to : reading.events.some(({ seq }) => seq >= to)) {
      matches.push(...matchesOf(reading));
      break;
    }
    matches.push(...matchesOf(reading));
  }
  return matches;
}

/** Only those are parsed that may be meant. */
function matchesOf(reading: Reading): KnownMatch[] {
  if (reading.kind === "gap") return [];
  return reading.events
    .filter(({ json }) => json.includes('"ostler.pattern.matched"'))
    .map(({ json, seq }) => ({ ...(JSON.parse(json) as { data: Omit<KnownMatch, "seq"> }).data, seq }));
}
