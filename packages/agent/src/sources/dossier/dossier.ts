import {
  eventInWords,
  isHostEvent,
  messageOf,
  own,
  type EventData,
  type HostState,
  type UsagePeaks,
} from "@ostler/protocol";
import { scrub } from "../../config/redact.js";
import type { Publish, Published } from "../../core/bus.js";
import type { Clock } from "../../core/clock.js";
import { coreOf } from "../../platform/core-file.js";
import { newStop } from "../../core/stop.js";
import { lastLines, type SpoolRange, type Stream } from "../../platform/spool.js";
import { journalWords } from "./journal-words.js";
import type { Begun, SettledRuns } from "./settled-runs.js";

type Slot = { service: string; process: string };
type Exited = EventData<"service.exited">;
type Crash = EventData<"service.crashed">;

export type DossierDeps = {
  publish: Publish;
  clock: Clock;
  /** Directory of the spool files. */
  spools: string;
  /** Working directory of a process; nothing of one that has left the configuration. */
  cwdOf: (slot: Slot) => string | undefined;
  /** Where the output of a run is; unknown of one that an earlier agent has launched. */
  outputOf: (slot: Slot, run: number) => SpoolRange | undefined;
  peaksOf: (slot: Slot) => UsagePeaks | undefined;
  /** What a run was begun with; unknown of one that an earlier agent has begun. */
  begunOf: (slot: Slot, run: number) => Begun | undefined;
  settledRuns: SettledRuns;
  /** Values that must not be shown. */
  secrets: () => readonly string[];
};

/** How far back the dossier looks, and how much it holds. */
const lookBackMs = 60_000;
const maxEvents = 20;
const maxLines = 20;
/** How long the end of an attached process may have gone unseen: it can have begun that much earlier. */
const lookMs = 2000;
/** Settings that are remembered for one service. */
const maxSettings = 50;

/** Gathers, when a process has ended badly, what whoever asks "why" would otherwise collect by hand. */
export class Dossier implements Disposable {
  readonly #deps: DossierDeps;
  #recent: { atMs: number; service: string | undefined; at: string; type: string; words: string }[] = [];
  /** Settings that changed since the service last settled. */
  readonly #changed = new Map<string, string[]>();
  readonly #pending = new Set<NodeJS.Immediate>();
  readonly #end = newStop();

  constructor(deps: DossierDeps) {
    this.#deps = deps;
  }

  /** The bus's listener. */
  readonly follow = ({ event, envelope, state }: Published): void => {
    if (!isHostEvent(event)) return;
    if (event.type === "config.applied") for (const { path } of event.data.changes) this.#remember(path);
    if (event.type === "service.settled" || event.type === "service.removed") this.#changed.delete(event.data.service);
    if (event.type === "service.settled") this.#settle(event.data);
    if (event.type === "service.removed") this.#deps.settledRuns.forget(event.data.service);
    const atMs = this.#deps.clock.monotonic();
    this.#recent = this.#recent.filter((past) => atMs - past.atMs <= lookBackMs);
    if (event.type === "service.exited" && isCrash(event.data)) this.#open(event.data, state);
    const service = "service" in event.data ? event.data.service : undefined;
    if (service === undefined && !/^(agent|config)\./.test(event.type)) return;
    this.#recent.push({ atMs, service, at: envelope.time, type: event.type, words: eventInWords(event) });
  };

  [Symbol.dispose](): void {
    for (const pending of this.#pending) clearImmediate(pending);
    this.#end.abort();
  }

  #settle({ service, process, run }: EventData<"service.settled">): void {
    this.#deps.settledRuns.remember({ service, process }, run, this.#deps.begunOf({ service, process }, run));
  }

  #remember(path: string): void {
    const [, service] = /^services\.([^.]+)\./.exec(path) ?? [];
    if (service === undefined) return;
    const before = this.#changed.get(service) ?? [];
    if (!before.includes(path)) this.#changed.set(service, [...before, path].slice(-maxSettings));
  }

  /** What is in memory is taken now; files are read when every listener has heard of the end. */
  #open(exited: Exited, { services, config }: HostState): void {
    const { service, process, run } = exited;
    const before = this.#recent
      .filter((past) => past.service === undefined || past.service === service)
      .slice(-maxEvents)
      .map(({ at, type, words }) => ({ at, type, words }));
    const its = own(services, service);
    const settled = own(its?.processes ?? {}, process)?.settled;
    const unit = its?.attached?.owner === "systemd" ? its.attached.name : undefined;
    const settings = [...(this.#changed.get(service) ?? [])];
    const { settledRuns, begunOf } = this.#deps;
    const changed = settled && {
      since: settled.at,
      config: settled.config !== config.hash,
      settings,
      ...settledRuns.differenceTo({ service, process }, settled.run, begunOf({ service, process }, run)),
    };
    const endedMs = this.#deps.clock.now();
    const pending = setImmediate(() => {
      this.#pending.delete(pending);
      const data = { ...this.#facts(exited, endedMs), ...(changed ? { changed } : {}), before };
      if (unit === undefined) this.#deps.publish({ type: "service.crashed", data });
      else void this.#tellOfUnit(unit, data, endedMs);
    });
    this.#pending.add(pending);
  }

  /** What a unit of systemd wrote is in the journal, which takes a moment to ask. */
  async #tellOfUnit(unit: string, data: Crash, endedMs: number): Promise<void> {
    const { publish, secrets } = this.#deps;
    const run = { unit, pid: data.pid, fromMs: endedMs - data.uptimeMs - lookMs, toMs: endedMs };
    const words = await journalWords(run, this.#end.signal).catch((failure: unknown) => [messageOf(failure)]);
    if (this.#end.signal.aborted) return;
    const stdout = words.slice(-maxLines).map((line) => scrub(line, secrets()));
    publish({ type: "service.crashed", data: { ...data, output: { stdout, stderr: [] } } });
  }

  #facts(exited: Exited, endedMs: number): Omit<Crash, "changed" | "before"> {
    const { service, process, run, pid, exit, cause, likely, uptimeMs } = exited;
    const { spools, outputOf, peaksOf, cwdOf, secrets } = this.#deps;
    const range = outputOf({ service, process }, run) ?? { from: { stdout: 0, stderr: 0 } };
    const lines = (stream: Stream): string[] =>
      lastLines(spools, { service, process }, stream, range)
        .slice(-maxLines)
        .map((line) => scrub(line, secrets()));
    const { run: measuredRun, ...peaks } = peaksOf({ service, process }) ?? { run: 0, residentBytes: 0, threads: 0 };
    const cwd = cwdOf({ service, process });
    const core = exit.kind === "signal" && exit.core && cwd !== undefined ? coreOf({ pid, cwd, endedMs }) : undefined;
    return {
      ...{ service, process, run, pid, exit, cause, ...(likely ? { likely } : {}), uptimeMs },
      output: { stdout: lines("stdout"), stderr: lines("stderr") },
      ...(measuredRun === run ? { peaks } : {}),
      ...(core === undefined ? {} : { core }),
    };
  }
}

/** A bad end: nobody wanted it, or it was the cure of one. */
function isCrash({ expected, cause }: Exited): boolean {
  return cause === "watchdog" || cause === "overdue" || (!expected && cause !== "clean");
}
