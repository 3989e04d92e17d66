import { baseName, notFound, OstlerError, own, type HostState } from "@ostler/protocol";
import type { LineFormat } from "../../core/line-format/line-info.js";
import type { LogQuery } from "../../core/log-query.js";
import { isGlob } from "../../platform/follow/glob.js";
import { logFiles } from "../../platform/follow/log-files.js";
import { spoolPath, spoolsOf, streams } from "../../platform/spool.js";
import type { Source, SourceDeps } from "./entry.js";
import { FileSource } from "./file-source.js";
import type { OutputTimes } from "./output-times.js";
import { SpoolSource } from "./spool-source.js";
import { UnitSource } from "./unit-source.js";

/** A log that a service writes by itself: its name in the configuration, the files that it is now, or globs of them, and how its lines look. */
export type NamedLog = { source: string; paths: readonly string[]; format?: LineFormat | "auto" };

export type PlansDeps = {
  spools: string;
  times: Pick<OutputTimes, "of">;
  state: () => HostState;
  files: (service: string) => readonly NamedLog[];
};

/** How sources are opened. Plans with one key are plans of the same. */
export type Plan = {
  key: string;
  about: Source["about"];
  format: LineFormat | "auto";
  open: (deps: SourceDeps) => Promise<Source[]>;
};

/** What there is to read for whoever asks. @throws OstlerError `not-found`, `bad-request` */
export function plansOf(query: LogQuery, deps: PlansDeps): Plan[] {
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

/** Whatever the plans depend on that can change, so that they are only made anew when it has. */
export function shapeOf({ service }: LogQuery, { state, files }: PlansDeps): string {
  const { services } = state();
  const names = service === undefined ? Object.keys(services) : [service];
  return JSON.stringify(
    names.map((name) => {
      const its = own(services, name);
      return [name, Object.keys(its?.processes ?? {}), its?.attached, its && files(name)];
    }),
  );
}

function filesOf(service: string, { source }: LogQuery, { files }: PlansDeps): Plan[] {
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
      ...{ key: JSON.stringify([about, glob, format]), about, format },
      open: async (its) => {
        const files = isGlob(glob) ? await listed(glob, its) : [glob];
        return files.map((path) => new FileSource(about, { path, format, apart: files }, its));
      },
    }));
  });
}

/** A directory that cannot be read hides no other log. */
async function listed(glob: string, { note }: SourceDeps): Promise<string[]> {
  const { paths, faults } = await logFiles(glob);
  for (const { path, reason } of faults) note(`cannot look for files in ${path}: ${reason}`);
  return paths;
}

/** What its processes write, those that it no longer has included; of a unit what is in the journal. */
function outputOf(service: string, { process }: LogQuery, { state, spools, times }: PlansDeps): Plan[] {
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
      return [
        {
          ...{ key: JSON.stringify([about, unit]), about, format: "auto" },
          open: async (deps) => [new UnitSource(about, unit, deps)],
        },
      ];
    return streams.map((stream) => {
      const path = spoolPath(spools, service, name, stream);
      const points = (): ReturnType<OutputTimes["of"]> => times.of(`${service}.${name}.${stream}`);
      const open = async (deps: SourceDeps): Promise<Source[]> => [
        new SpoolSource(about, { stream, path }, { ...deps, points }),
      ];
      return { key: path, about, format: "auto", open };
    });
  });
}
