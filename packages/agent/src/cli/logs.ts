import { own, type HostState, type LogLine, type LogNote } from "@ostler/protocol";
import { Client } from "./client.js";
import { controlSocket, type Globals } from "./globals.js";
import { logLine } from "./log-line.js";
import { momentIn } from "./moment.js";
import { print } from "./output.js";

type Options = Globals & {
  follow?: boolean;
  lines?: string;
  since?: string;
  until?: string;
  grep?: string;
  ignoreCase?: boolean;
  level?: string;
  process?: string;
  source?: string;
  timestamps?: boolean;
  ansi?: boolean;
};

/** What a service wrote, a process of it, or all services. */
export async function logs(options: Options, target?: string): Promise<number> {
  const [service, process = options.process] = target?.split("/") ?? [];
  const client = new Client(controlSocket(options));
  if (service !== undefined) noteAttached(service, await client.state());
  const path = service === undefined ? "/v1/logs" : `/v1/logs/${encodeURIComponent(service)}`;
  const style = { isOfAll: service === undefined, hasTime: options.timestamps ?? false, isRaw: options.ansi ?? false };
  for await (const json of client.lines(`${path}?${queryOf(options, process)}`)) {
    const line = JSON.parse(json) as LogLine | LogNote;
    if ("note" in line) note(line.note);
    else print(options.json ? json : logLine(line, style));
  }
  return 0;
}

function queryOf(options: Options, process: string | undefined): string {
  const { lines, since, until, grep, level, source } = options;
  const given = {
    n: lines,
    process,
    source,
    grep,
    level,
    since: since === undefined ? undefined : momentIn(since),
    until: until === undefined ? undefined : momentIn(until),
    follow: options.follow ? "true" : undefined,
    ignore_case: options.ignoreCase ? "true" : undefined,
    ansi: options.ansi ? "true" : undefined,
  };
  return new URLSearchParams(
    Object.entries(given).filter((pair): pair is [string, string] => pair[1] !== undefined),
  ).toString();
}

/** Who expects lines and gets none should know why. */
function noteAttached(service: string, { services }: HostState): void {
  const attached = own(services, service)?.attached;
  if (attached?.owner !== "pid-file") return;
  note(
    `${service} is attached by ${attached.name}: what it writes goes where its owner has sent it. ` +
      "Here are only the logs that its configuration names, and what the commands of `attach` wrote.",
  );
}

/** What is no line is told beside them. */
function note(text: string): void {
  process.stderr.write(`${text}\n`);
}
