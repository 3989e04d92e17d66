import assert from "node:assert/strict";
import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { request as httpsRequest } from "node:https";
import { urlToHttpOptions } from "node:url";
import type { CommandName } from "@ostler/protocol";
import { httpConfig, type HttpConfig } from "../config/http.js";
import type { Bus } from "../core/bus.js";
import { systemClock } from "../core/clock.js";
import { Dispatcher, type HandlerContext, type Handlers } from "../core/dispatcher.js";
import { Journal } from "../core/journal/journal.js";
import { memoryDisk } from "../core/memory-disk.js";
import { Scope } from "../core/scope.js";
import { recordingBus } from "./bus.js";
import { tempDir } from "./temp-dir.js";
import { Http, type HttpServerDeps } from "../sinks/http/http.js";

export type Served = AsyncDisposable & {
  http: Http;
  bus: Bus;
  journal: Journal;
  /** Address of the main listener. */
  url: string;
  /** Path of the control socket. */
  socket: string;
  /** Commands that reached a handler. */
  ran: { name: string; args: unknown; context: HandlerContext }[];
  /** Parts that could not be opened, and later could. */
  trouble: string[];
};

/** The HTTP interface as the agent starts it, with a real bus, journal and dispatcher; only what commands do is made up. */
export async function serve(
  settings: object = {},
  {
    deps = {},
    act = async () => ({}),
  }: { deps?: Partial<HttpServerDeps>; act?: (context: HandlerContext) => Promise<object> } = {},
): Promise<Served> {
  const scope = new Scope();
  const dir = tempDir();
  scope.own(dir);
  const { bus } = recordingBus(systemClock);
  const limits = { maxBytes: 1024 * 1024, maxAgeMs: Infinity };
  const { journal } = await Journal.open({
    disk: memoryDisk(),
    limits,
    clock: systemClock,
    newEpoch: () => bus.state.epoch,
    sample: bus.sample,
    degraded: (reason) => assert.fail(reason),
    recovered: () => {},
  });
  scope.own(journal);
  bus.subscribe("journal", journal.record);
  const ran: Served["ran"] = [];
  const handler = (name: CommandName) => async (args: unknown, context: HandlerContext) => {
    ran.push({ name, args, context });
    return act(context);
  };
  const names = ["service.start", "service.stop", "service.restart", "config.reload", "config.plan"] as const;
  const handlers = Object.fromEntries(names.map((name) => [name, handler(name)])) as unknown as Handlers;
  const dispatcher = scope.own(
    new Dispatcher(handlers, {
      publish: bus.publish,
      state: () => bus.state,
      synced: (seq) => journal.synced(seq),
      clock: systemClock,
    }),
  );
  const trouble: string[] = [];
  const socket = dir.at("ostler.sock");
  const http = scope.own(
    await Http.start(configOf(settings), socket, {
      clock: systemClock,
      state: () => bus.state,
      journal,
      dispatcher,
      metrics: async (accept) => ({ contentType: "text/plain; version=0.0.4", body: `# ${accept}\n` }),
      overdue: () => [],
      redactedConfig: () => ({ secret: "[redacted]" }),
      logs: () => (async function* () {})(),
      backups: async () => ({ backups: [], problems: [] }),
      usage: () => ({}),
      push: () => {},
      numbers: () => ({}),
      uptimeSeconds: () => 5,
      build: { version: "1.2.3", gitSha: "abc", node: process.version, platform: "linux-x64" },
      sample: bus.sample,
      upgrade: (_, upgraded) => upgraded.end("HTTP/1.1 101 Switching Protocols\r\n\r\n"),
      degraded: (part, reason) => trouble.push(`${part}: ${reason}`),
      recovered: (part) => trouble.push(`${part} recovered`),
      ...deps,
    }),
  );
  return {
    http,
    bus,
    journal,
    get url() {
      return http.urls.main ?? assert.fail("nothing listens");
    },
    socket,
    ran,
    trouble,
    [Symbol.asyncDispose]: () => scope[Symbol.asyncDispose](),
  };
}

/** An HTTP section as it stands in a file; it listens wherever there is room. */
export function configOf(settings: object = {}): HttpConfig {
  return httpConfig.parse({ listen: "127.0.0.1:0", ...settings });
}

export type Answer = { status: number; headers: IncomingHttpHeaders; text: string; json: () => unknown };
export type Asking = { method?: string; headers?: Record<string, string>; body?: string; socketPath?: string };

/** One request on a connection of its own. A path alone is asked over `socketPath`. */
export function ask(url: string, { method = "GET", headers = {}, body, socketPath }: Asking = {}): Promise<Answer> {
  const request = url.startsWith("https:") ? httpsRequest : httpRequest;
  const target = socketPath === undefined ? urlToHttpOptions(new URL(url)) : { socketPath, path: url };
  return new Promise((resolve, reject) => {
    const sent = request({ ...target, method, headers, agent: false, rejectUnauthorized: false }, (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => (text += chunk.toString()));
      response.on("error", reject);
      response.on("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text,
          json: () => JSON.parse(text) as unknown,
        }),
      );
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

export const bearer = (token: string): { headers: { authorization: string } } => ({
  headers: { authorization: `Bearer ${token}` },
});

/** The code of a problem answer, which must be a whole one (RFC 9457). */
export function problemIn({ status, headers, text }: Answer): string {
  assert.equal(headers["content-type"], "application/problem+json", text);
  const problem = JSON.parse(text) as Record<string, unknown>;
  assert.equal(problem.status, status);
  for (const member of ["type", "title", "detail"]) assert.equal(typeof problem[member], "string", member);
  return `${status} ${String(problem.code)}`;
}
