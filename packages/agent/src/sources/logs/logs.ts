import {
  baseName,
  messageOf,
  notFound,
  OstlerError,
  own,
  type HostState,
  type LogLine,
  type LogNote,
} from "@ostler/protocol";
import type { Clock } from "../../core/clock.js";
import type { LineFormat } from "../../core/line-format/line-info.js";
import { defaultLast, type LogQuery } from "../../core/log-query.js";
import { isGlob } from "../../platform/follow/glob.js";
import { logFiles } from "../../platform/follow/log-files.js";
import { spoolPath, spoolsOf, streams } from "../../platform/spool.js";
import { Dresser, type Timed } from "./dress.js";
import type { Entry, HistoryQuery, Source, SourceDeps } from "./entry.js";
import { FileSource } from "./file-source.js";
import { grepOf } from "./grep.js";
import { inTimeOrder } from "./in-time-order.js";
import { lastOf } from "./last-of.js";
import { merge } from "./merge.js";
import type { OutputTimes } from "./output-times.js";
import { SpoolSource } from "./spool-source.js";
import { UnitSource } from "./unit-source.js";

/** A log that a service writes by itself: its name in the configuration, the files that it is now, or globs of them, and how its lines look. */
export type NamedLog = { source: string; paths: readonly string[]; format?: LineFormat | "auto" };

export type LogsDeps = {
  spools: string;
  times: Pick<OutputTimes, "of">;
  state: () => HostState;
  files: (service: string) => readonly NamedLog[];
  clock: Clock;
};

/**
 * What services wrote: of everything there is, in the order of its time, what is asked for; then, with `follow`, whatever
 * comes, until the signal aborts. @throws OstlerError `not-found`, `bad-request`
 */
export function readLogs(query: LogQuery, deps: LogsDeps, signal: AbortSignal): AsyncGenerator<LogLine | LogNote> {
  if (query.grep !== undefined) grepOf(query.grep, false); // What is none is refused before anything is opened.
  const plans = plansOf(query, deps);
  return read(query, plans, deps, signal);
}

/** How a source is opened. */
type Plan = { about: Source["about"]; format: LineFormat | "auto"; open: (deps: SourceDeps) => Promise<Source[]> };

async function* read(
  query: LogQuery,
  plans: readonly Plan[],
  { clock }: LogsDeps,
  signal: AbortSignal,
): AsyncGenerator<LogLine | LogNote> {
  const stop = new AbortController();
  const notes: LogNote[] = [];
  const ends = AbortSignal.any([signal, stop.signal]);
  const opened: { source: Source; dresser: Dresser }[] = [];
  const last = lastIn(query);
  const wanted = historyOf(query, last);
  try {
    for (const { about, format, open } of plans)
      for (const source of await open({ clock, signal: ends, note: (note) => notes.push({ note }) }))
        opened.push({ source, dresser: new Dresser(about, query, format, () => clock.now()) });
    const all = inTimeOrder(opened.map(({ source, dresser }) => dressed(source.history(wanted), dresser)));
    for await (const batch of last === undefined ? all : lastOf(all, last)) {
      yield* notes.splice(0);
      if (signal.aborted) return;
      for (const { line } of batch) yield line;
    }
    yield* notes.splice(0);
    if (!query.follow) return;
    for await (const batch of merge(opened.map(({ source, dresser }) => dressed(source.follow(), dresser)))) {
      yield* notes.splice(0);
      for (const { line } of batch) yield line;
    }
  } finally {
    stop.abort();
    await Promise.all(opened.map(({ source }) => source[Symbol.asyncDispose]()));
  }
}

async function* dressed(batches: AsyncGenerator<Entry[]>, dresser: Dresser): AsyncGenerator<Timed[]> {
  for await (const entries of batches) {
    const lines = dresser.dress(entries);
    if (lines.length > 0) yield lines;
  }
}

/** So many lines at the end; all when absent. */
function lastIn({ last, sinceMs, untilMs }: LogQuery): number | undefined {
  if (last === "all") return undefined;
  return last ?? (sinceMs === undefined && untilMs === undefined ? defaultLast : undefined);
}

/** Where lines are left out by what they say, how many have to be read is known at the end. */
function historyOf({ sinceMs, untilMs, grep, level, follow }: LogQuery, last: number | undefined): HistoryQuery {
  const isWhole = grep === undefined && level === undefined && untilMs === undefined && sinceMs === undefined;
  return {
    ...(last === 0 || (isWhole && last !== undefined) ? { last } : {}),
    ...(sinceMs === undefined ? {} : { sinceMs }),
    isFollowed: follow,
  };
}

function plansOf(query: LogQuery, deps: LogsDeps): Plan[] {
  const { service, process, source } = query;
  const { services } = deps.state();
  if (service !== undefined) {
    if (!own(services, service)) throw notFound("service", service, Object.keys(services));
  } else if (process !== undefined || source !== undefined)
    throw new OstlerError("bad-request", "A process or a source is one of a service: name that too.");
  const names = service === undefined ? Object.keys(services) : [service];
  return names.flatMap((name) => {
    const files = process === undefined ? filesOf(name, query, deps) : [];
    return source === undefined ? [...outputOf(name, query, deps), ...files] : files;
  });
}

function filesOf(service: string, { source }: LogQuery, { files }: LogsDeps): Plan[] {
  const logs = files(service);
  const wanted = logs.filter((log) => source === undefined || log.source === source);
  if (source !== undefined && wanted.length === 0)
    throw notFound(
      `log of ${service}`,
      source,
      logs.map((log) => log.source),
    );
  return wanted.flatMap(({ source: name, paths, format = "auto" }) => {
    const about = { service, source: name };
    return paths.map((glob) => ({
      ...{ about, format },
      open: async (its) => {
        const files = isGlob(glob) ? await listed(glob, its) : [glob];
        return files.map((path) => new FileSource(about, { path, format, apart: files }, its));
      },
    }));
  });
}

/** A directory that cannot be read hides no other log. */
async function listed(glob: string, { note }: SourceDeps): Promise<string[]> {
  try {
    return await logFiles(glob);
  } catch (failure) {
    note(`${glob} cannot be looked for: ${messageOf(failure)}`);
    return [];
  }
}

/** What its processes write, those that it no longer has included; of a unit what is in the journal. */
function outputOf(service: string, { process }: LogQuery, { state, spools, times }: LogsDeps): Plan[] {
  const its = own(state().services, service);
  const now = Object.keys(its?.processes ?? {});
  const left = spoolsOf(spools, service).map((spool) => spool.process);
  const names = [...new Set([...now, ...left])];
  const wanted = names.filter((name) => process === undefined || name === process || baseName(name) === process);
  if (process !== undefined && wanted.length === 0) throw notFound(`process of ${service}`, process, names);
  const unit = its?.attached?.owner === "systemd" ? its.attached.name : undefined;
  return wanted.flatMap((name): Plan[] => {
    const about = { service, process: name };
    if (unit !== undefined && now.includes(name))
      return [{ about, format: "auto", open: async (deps) => [new UnitSource(about, unit, deps)] }];
    return streams.map((stream) => {
      const path = spoolPath(spools, service, name, stream);
      const points = (): ReturnType<OutputTimes["of"]> => times.of(`${service}.${name}.${stream}`);
      const open = async (deps: SourceDeps): Promise<Source[]> => [
        new SpoolSource(about, { stream, path }, { ...deps, points }),
      ];
      return { about, format: "auto", open };
    });
  });
}
