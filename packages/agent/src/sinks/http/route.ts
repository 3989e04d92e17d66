import type { IncomingMessage, ServerResponse } from "node:http";
import type { HostState, ListedBackup, RunUsage, Scope, UsagePeaks, LogLine, LogNote } from "@ostler/protocol";
import type { Dispatcher } from "../../core/dispatcher.js";
import type { LogQuery } from "../../core/log-query.js";
import type { Sight } from "../../core/series.js";
import type { Journal } from "../../core/journal/journal.js";
import type { Principal } from "./auth.js";

/** Everything that answers can be made of. Sinks read; they never ask a source. */
export type HttpDeps = {
  state: () => HostState;
  journal: Pick<Journal, "first" | "durable" | "bytes" | "read">;
  dispatcher: Pick<Dispatcher, "dispatch" | "run" | "cancel">;
  metrics: (accept: string) => Promise<{ contentType: string; body: string | Buffer }>;
  /** Parts of the agent whose work is overdue. */
  overdue: () => string[];
  /** The running configuration as it may be shown. */
  redactedConfig: () => unknown;
  /** Lines that services wrote, oldest first; with `follow` for ever. @throws OstlerError `not-found`, `bad-request` */
  logs: (query: LogQuery, signal: AbortSignal) => AsyncIterable<LogLine | LogNote>;
  /** What the processes of a service use that run and have been measured. @throws OstlerError `not-found` */
  usage: (service: string) => Record<string, RunUsage & { peaks: UsagePeaks }>;
  /** The backups of all services, newest first, and what could not be looked at. */
  backups: (signal: AbortSignal) => Promise<{ backups: ListedBackup[]; problems: string[] }>;
  /** The numbers of a service that its configuration asks for one by one, by name, as they are now. */
  numbers: (service: string) => Record<string, Sight>;
  /** Takes what a service says of itself, for a check of kind push. @throws OstlerError `not-found`, `not-permitted` */
  push: (pushed: Pushed) => void;
  uptimeSeconds: () => number;
  /** Where the TCP listeners are. */
  urls: () => Record<string, string>;
  build: BuildInfo;
};

export type Pushed = {
  service: string;
  check: string;
  status: "passed" | "warned" | "failed";
  reason: string;
  /** What was given to show that it is the service who says so. */
  secret?: string;
};
export type BuildInfo = { version: string; gitSha: string; node: string; platform: string };

/** One request on its way to its answer. */
export type Exchange = {
  request: IncomingMessage;
  response: ServerResponse;
  url: URL;
  /** What stood for `:name` in the path. */
  params: Record<string, string>;
  principal: Principal;
  deps: HttpDeps;
  /** Aborts when the client goes away, or is sent away because the server stops. */
  signal: AbortSignal;
};

export type Route = {
  method: "GET" | "POST";
  /** Segments; one that begins with a colon matches anything. */
  path: string;
  scope: Scope;
  /** Also answered, to anybody, by the listener for probes. */
  probe?: true;
  /** May throw an OstlerError, which becomes a problem answer. */
  answer: (exchange: Exchange) => void | Promise<void>;
};

export type Match =
  | { found: "route"; route: Route; params: Record<string, string> }
  | { found: "method"; allow: string[] }
  | { found: "nothing" };

/** Finds the route of a request; HEAD goes where GET goes. */
export function matchRoute(routes: readonly Route[], method: string, path: string): Match {
  const wanted = method === "HEAD" ? "GET" : method;
  const onPath = routes.flatMap((route) => {
    const params = paramsOf(route.path, path);
    return params ? [{ route, params }] : [];
  });
  const match = onPath.find(({ route }) => route.method === wanted);
  if (match) return { found: "route", ...match };
  if (onPath.length === 0) return { found: "nothing" };
  return {
    found: "method",
    allow: onPath.flatMap(({ route }) => (route.method === "GET" ? ["GET", "HEAD"] : [route.method])),
  };
}

function paramsOf(pattern: string, path: string): Record<string, string> | undefined {
  if (!pattern.includes(":")) return pattern === path ? {} : undefined;
  const wanted = pattern.split("/");
  const given = path.split("/");
  if (wanted.length !== given.length) return undefined;
  const params: Record<string, string> = {};
  for (const [at, segment] of wanted.entries()) {
    const value = given[at] ?? "";
    if (segment.startsWith(":")) params[segment.slice(1)] = decode(value);
    else if (segment !== value) return undefined;
  }
  return params;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // Not an encoding; it will simply not be found.
  }
}
