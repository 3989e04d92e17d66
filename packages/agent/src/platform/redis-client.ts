import { connect as connectPlain, type Socket } from "node:net";
import { isReading } from "../core/redis-commands.js";
import { decodeReply, encodeCommand, type RedisRefusal, type Reply } from "./resp.js";
import { secureOptions, type TlsFiles } from "./tls-options.js";

export type RedisServer = {
  address: { host: string; port: number };
  username?: string | undefined;
  password?: string | undefined;
  db: number;
  tls?: TlsFiles | undefined;
};

/** The replies to what was asked together may have so many bytes; with more the connection is ended. */
const maxReplyBytes = 1024 * 1024;

/**
 * A connection to a Redis server for as long as one question takes: a kept one would hide a server that accepts no more. It sends
 * only commands that read. What is asked rejects with what kept it from an answer, also when the signal aborts.
 */
export class RedisClient implements Disposable {
  readonly #socket: Socket;
  #bytes: Buffer = Buffer.alloc(0);
  #failure: Error | undefined;
  #waiting: { count: number; resolve: (replies: Reply[]) => void; reject: (failure: Error) => void } | undefined;

  /** Connects, logs in and chooses the database. */
  static async open(server: RedisServer, signal: AbortSignal): Promise<RedisClient> {
    const client = new RedisClient(await socketTo(server, signal), signal);
    try {
      await client.#greet(server);
      return client;
    } catch (failure) {
      client[Symbol.dispose]();
      throw failure;
    }
  }

  private constructor(socket: Socket, signal: AbortSignal) {
    this.#socket = socket;
    const abort = (): void => this.#fail(new Error("no answer in time"));
    signal.addEventListener("abort", abort);
    socket.on("close", () => {
      signal.removeEventListener("abort", abort);
      this.#fail(new Error("the server closed the connection"));
    });
    socket.on("error", (failure) => this.#fail(failure));
    socket.on("data", (chunk: Buffer) => this.#take(chunk));
    if (signal.aborted) abort();
  }

  /** Asks all of this at once; one at a time. A command that is refused has the server's words as its reply. */
  async ask(commands: readonly (readonly string[])[]): Promise<Reply[]> {
    const writing = commands.find((command) => !isReading(command));
    if (writing) throw new Error(`${writing[0] ?? "nothing"} is no command that only reads`);
    return this.#send(commands);
  }

  /** Asks one thing. @throws Error with the server's words when it is refused */
  async askOne(command: readonly string[]): Promise<Exclude<Reply, RedisRefusal>> {
    return accepted(command, (await this.ask([command]))[0] ?? null);
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  async #greet({ username, password, db }: RedisServer): Promise<void> {
    const login = username === undefined ? ["AUTH", password ?? ""] : ["AUTH", username, password ?? ""];
    if (password !== undefined || username !== undefined) accepted(["AUTH"], (await this.#send([login]))[0] ?? null);
    if (db !== 0) accepted(["SELECT", String(db)], (await this.#send([["SELECT", String(db)]]))[0] ?? null);
  }

  #send(commands: readonly (readonly string[])[]): Promise<Reply[]> {
    return new Promise((resolve, reject) => {
      if (this.#failure) return reject(this.#failure);
      if (commands.length === 0) return resolve([]);
      this.#waiting = { count: commands.length, resolve, reject };
      this.#socket.write(commands.map(encodeCommand).join(""));
    });
  }

  #take(chunk: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    try {
      if (this.#bytes.length > maxReplyBytes) throw new Error(`the answer has more than ${maxReplyBytes} bytes`);
      const { count, resolve } = this.#waiting ?? { count: 1, resolve: () => undefined };
      const replies: Reply[] = [];
      for (let at = 0; replies.length < count;) {
        const next = decodeReply(this.#bytes, at);
        if (!next) return;
        replies.push(next.reply);
        at = next.end;
      }
      this.#waiting = undefined;
      this.#bytes = Buffer.alloc(0);
      resolve(replies);
    } catch (failure) {
      this.#fail(failure as Error);
    }
  }

  #fail(failure: Error): void {
    this.#failure ??= failure;
    this.#waiting?.reject(this.#failure);
    this.#waiting = undefined;
    this.#socket.destroy();
  }
}

/** The reply to a command that was not refused. @throws Error with the server's words */
export function accepted(command: readonly string[], reply: Reply): Exclude<Reply, RedisRefusal> {
  if (typeof reply === "object" && reply !== null && "refused" in reply)
    throw new Error(`${command.join(" ")} was refused: ${reply.refused}`);
  return reply;
}

/** Value of a field in the reply of INFO; nothing when it has no such field. */
export function fieldIn(info: string, field: string): string | undefined {
  const line = info.split("\r\n").find((one) => one.startsWith(`${field}:`));
  return line?.slice(field.length + 1);
}

async function socketTo({ address, tls }: RedisServer, signal: AbortSignal): Promise<Socket> {
  signal.throwIfAborted();
  const connectTls = tls && (await import("node:tls")).connect;
  return new Promise((resolve, reject) => {
    const socket = connectTls && tls ? connectTls({ ...address, ...secureOptions(tls) }) : connectPlain({ ...address });
    const abort = (): void => void socket.destroy(new Error("no connection in time"));
    signal.addEventListener("abort", abort);
    socket.once("close", () => signal.removeEventListener("abort", abort));
    socket.once("error", reject);
    socket.once(connectTls ? "secureConnect" : "connect", () => {
      signal.removeEventListener("abort", abort);
      socket.removeListener("error", reject);
      resolve(socket);
    });
    if (signal.aborted) abort();
  });
}
