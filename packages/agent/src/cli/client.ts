import { request, type IncomingMessage } from "node:http";
import { createInterface } from "node:readline";
import { isErrorCode, OstlerError, type CommandName, type HostState } from "@ostler/protocol";
import type { CommandResult } from "../core/dispatcher.js";

/** A running agent, reached through its control socket. Everything throws OstlerError `unreachable` when nobody is there. */
export class Client {
  readonly #socketPath: string;

  constructor(socketPath: string) {
    this.#socketPath = socketPath;
  }

  async get(path: string): Promise<unknown> {
    return (await this.#ask("GET", path)).body;
  }

  /** Also of an answer that says no: `/healthz` tells the most when it is not well. */
  async getAnyway(path: string): Promise<{ status: number; body: unknown }> {
    return this.#ask("GET", path, undefined, true);
  }

  async state(): Promise<HostState> {
    return (await this.get("/v1/state")) as HostState;
  }

  /** Waits for the command to end. @throws OstlerError with the command's own code when it did not succeed */
  async run(
    name: CommandName,
    args: Record<string, unknown>,
    options: { reason?: string; timeoutMs?: number; id?: string } = {},
  ): Promise<CommandResult> {
    const { reason, timeoutMs, id } = options;
    const body = {
      name,
      args,
      ...(id === undefined ? {} : { id }),
      ...(reason === undefined ? {} : { reason }),
      ...(timeoutMs === undefined ? {} : { timeout_s: timeoutMs / 1000 }),
    };
    const result = (await this.#ask("POST", "/v1/commands?wait", body)).body as CommandResult;
    if (result.outcome === "succeeded") return result;
    const code = result.code !== undefined && isErrorCode(result.code) ? result.code : "failed";
    throw new OstlerError(code, result.message ?? `${name} ${result.outcome}`, { data: result.data });
  }

  /** Withdraws a command; whoever waits for it hears what came of that. */
  async cancel(id: string): Promise<void> {
    await this.#ask("POST", `/v1/commands/${encodeURIComponent(id)}/cancel`);
  }

  /** The lines of an answer as they come, until it ends or the signal aborts. */
  async *lines(path: string, signal?: AbortSignal): AsyncGenerator<string> {
    const response = await this.#send("GET", path, undefined, signal);
    if (response.statusCode !== 200) throw problemIn(await textOf(response));
    yield* createInterface({ input: response, crlfDelay: Infinity });
  }

  async #ask(method: string, path: string, body?: unknown, anyway = false): Promise<{ status: number; body: unknown }> {
    const response = await this.#send(method, path, body);
    const text = await textOf(response);
    const status = response.statusCode ?? 0;
    if (status >= 400 && !anyway) throw problemIn(text);
    return { status, body: JSON.parse(text) as unknown };
  }

  #send(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const headers = {
        accept: "application/json",
        host: "localhost",
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      };
      const until = signal ? { signal } : {};
      const sent = request({ socketPath: this.#socketPath, method, path, headers, agent: false, ...until }, resolve);
      sent.on("error", (cause: NodeJS.ErrnoException) => reject(this.#unreachable(cause)));
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  #unreachable(cause: NodeJS.ErrnoException): OstlerError {
    const advice =
      cause.code === "EACCES"
        ? "this user may not open it. Become the user of the agent."
        : cause.code === "ENOENT" || cause.code === "ECONNREFUSED"
          ? "no agent is there. Start one with `ostler run`, or name its socket with --socket."
          : `${cause.message}.`;
    return new OstlerError("unreachable", `Cannot reach an agent at ${this.#socketPath}: ${advice}`, { cause });
  }
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

function problemIn(text: string): OstlerError {
  const { code = "", detail = text } = JSON.parse(text) as { code?: string; detail?: string };
  return new OstlerError(isErrorCode(code) ? code : "failed", detail);
}
