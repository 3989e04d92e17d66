import { basename, dirname } from "node:path";
import type { AgentConfig } from "../agent.js";
import type { Complaint } from "../problems.js";
import type { ServiceConfig } from "../services.js";
import type { LogSource } from "./log-source.js";

/** What the agent's own unit is called; what it writes to its output is in the journal of it. */
const ownUnit = "ostler.service";

type Configured = { agent: Pick<AgentConfig, "log">; services: Readonly<Record<string, ServiceConfig>> };

/** A source, whose it is, and where its lines go as well: a file, or the journal of the agent's unit. */
type Forwarding = {
  name: string;
  path: (string | number)[];
  follows: LogSource["file"];
  unit: string | undefined;
  into: { file: string; rotatedBy: number } | { unit: string } | undefined;
};

/** Forwardings that have no end, or that get in each other's way. Paths are absolute. */
export function forwardLoopsIn({ agent, services }: Configured): Complaint[] {
  const all = Object.entries(services).flatMap(([service, config]) =>
    config.logs.map((source, at) => forwardingOf(service, config, source, at, agent.log.output)),
  );
  return all.flatMap((one, at) => {
    const refuse = (message: string): Complaint[] => [{ path: one.path, atKey: false, message }];
    if (one.path.at(-1) === "file" && fileOf(one) === agent.log.output)
      return refuse("is the agent's own log: forward to another file, or write `agent_log: true`");
    const before = all.slice(0, at).find((other) => other.path.at(-1) === "file" && areOneFile(other, one));
    if (one.path.at(-1) === "file" && before)
      return refuse(`is what ${before.name} is forwarded to: give each source a file of its own`);
    if (returnsTo(one, all))
      return refuse("is what the lines come from, so that they would go round for ever: forward elsewhere, or nowhere");
    return [];
  });
}

function forwardingOf(
  service: string,
  { attach }: ServiceConfig,
  { name, file, journal, forward }: LogSource,
  at: number,
  agentLog: string,
): Forwarding {
  const unit = journal === true ? attach?.systemd : journal;
  const its = {
    name: `${service}/${name}`,
    follows: file,
    unit: unit === undefined || unit.includes(".") ? unit : `${unit}.service`,
  };
  const path = ["services", service, "logs", at, "forward"];
  if (!forward) return { ...its, path, into: undefined };
  if (forward.file !== undefined)
    return { ...its, path: [...path, "file"], into: { file: forward.file, rotatedBy: forward.keep } };
  const isInJournal = agentLog === "stdout" || agentLog === "stderr";
  return {
    ...its,
    path: [...path, "agent_log"],
    into: isInJournal ? { unit: ownUnit } : { file: agentLog, rotatedBy: 0 },
  };
}

function fileOf({ into }: Forwarding): string | undefined {
  return into && "file" in into ? into.file : undefined;
}

/** Do both write one file, under whatever name it has when it is renamed? */
function areOneFile(one: Forwarding, other: Forwarding): boolean {
  const names = namesOf(one);
  return namesOf(other).some((name) => names.includes(name));
}

/** What the file is called now, and when it was renamed. */
function namesOf({ into }: Forwarding): string[] {
  if (!into || !("file" in into)) return [];
  return [into.file, ...Array.from({ length: into.rotatedBy }, (_, at) => `${into.file}.${at + 1}`)];
}

/** Does what a source forwards come back to it, by whatever other sources? */
function returnsTo(one: Forwarding, all: readonly Forwarding[]): boolean {
  const reached = new Set<Forwarding>();
  const next = [one];
  for (let from = next.pop(); from; from = next.pop())
    for (const to of all) {
      if (reached.has(to) || !isReadBy(from, to)) continue;
      reached.add(to);
      next.push(to);
    }
  return reached.has(one);
}

function isReadBy(from: Forwarding, to: Forwarding): boolean {
  if (!from.into) return false;
  if ("unit" in from.into) return to.unit === from.into.unit;
  return (to.follows ?? []).some((glob) => namesOf(from).some((name) => isMeant(glob, name)));
}

/** Does a path, which may be a glob, mean a file, or is the file what one of it is called when it is rotated? */
function isMeant(glob: string, file: string): boolean {
  const [begin, rest] = [`${basename(glob)}.`, basename(file)];
  if (dirname(glob) === dirname(file) && rest.startsWith(begin) && /^\d+$/.test(rest.slice(begin.length))) return true;
  return expressionOf(glob).test(file);
}

function expressionOf(glob: string): RegExp {
  const parts = glob.split(/(\*\*\/|\*|\?|\[[^\]]+\])/).map((part) => {
    if (part === "**/") return "(?:[^/]+/)*";
    if (part === "*") return "[^/]*";
    if (part === "?") return "[^/]";
    if (/^\[.+\]$/.test(part)) return part.replace(/^\[!/, "[^").replaceAll("\\", "\\\\");
    return part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
  });
  try {
    return new RegExp(`^${parts.join("")}$`);
  } catch {
    return /^(?!)/; // A class that is none matches no file either.
  }
}
