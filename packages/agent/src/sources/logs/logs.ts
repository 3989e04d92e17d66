import { notFound, own, type HostState } from "@ostler/protocol";
import type { Clock } from "../../core/clock.js";
import { spoolPath, streams } from "../../platform/spool.js";
import { readUnit } from "./journal-lines.js";
import { merge } from "./merge.js";
import { readSpool } from "./spool-reader.js";

export type LogQuery = { service: string; process?: string; last: number; follow: boolean };
export type LogLine = { process: string; stream: string; text: string; clipped?: true };
export type LogsDeps = { spools: string; state: () => HostState; clock: Clock };

/** What the processes of a service wrote: of each stream, or of a unit's journal, the last lines, then what comes. @throws OstlerError `not-found` */
export function readLogs(
  { service, process, last, follow }: LogQuery,
  { spools, state, clock }: LogsDeps,
  signal: AbortSignal,
): AsyncGenerator<LogLine> {
  const { services } = state();
  const known = own(services, service);
  if (!known) throw notFound("service", service, Object.keys(services));
  const names = Object.keys(known.processes);
  const wanted = names.filter((name) => process === undefined || name === process);
  if (process !== undefined && wanted.length === 0) throw notFound(`process of ${service}`, process, names);
  const unit = known.attached?.owner === "systemd" ? known.attached.name : undefined;
  if (unit !== undefined) return merge(wanted.map((name) => fromJournal(name, unit, { last, follow }, signal)));
  const sources = wanted.flatMap((name) =>
    streams.map(async function* (stream): AsyncGenerator<LogLine> {
      const lines = readSpool(spoolPath(spools, service, name, stream), { last, follow }, clock, signal);
      for await (const { text, clipped } of lines)
        yield { process: name, stream, text, ...(clipped ? { clipped: true as const } : {}) };
    }),
  );
  return merge(sources);
}

async function* fromJournal(
  process: string,
  unit: string,
  how: { last: number; follow: boolean },
  signal: AbortSignal,
): AsyncGenerator<LogLine> {
  for await (const line of readUnit(unit, how, signal)) yield { process, ...line };
}
