import { readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Server as TlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { allows, messageOf, OstlerError } from "@ostler/protocol";
import { inWords, type HttpConfig } from "../../config/http.js";
import type { Address } from "../../config/values.js";
import type { TakeSample } from "../../core/bus.js";
import { sendProblem } from "./answer.js";
import type { Principal } from "./auth.js";
import { matchRoute, type HttpDeps, type Route } from "./route.js";

/** Who is let in, and to what. Asked for each request, so that changed tokens hold at once. */
export type Door = {
  routes: () => readonly Route[];
  /** @throws OstlerError when the client is not let in */
  identify: (request: IncomingMessage) => Principal;
  /** Whether controllers may connect here. */
  streams: boolean;
};

/** Takes over a connection that asks for WebSocket. */
export type Upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer, principal: Principal) => void;

export type ListenerDeps = HttpDeps & { sample: TakeSample; upgrade: Upgrade };

export type Place = { path: string } | Address;

/** A client that sends its request more slowly than this is not served. */
const requestTimeoutMs = 30_000;
const maxConnections = 512;
/** Length of sun_path, without the final NUL. */
const maxSocketPath = 107;

export const streamPath = "/v1/stream";

/** One listening socket of the HTTP interface. */
export class Listener implements AsyncDisposable {
  readonly #server: Server | TlsServer;
  readonly #door: Door;
  readonly #deps: ListenerDeps;

  /** Resolves when it listens. @throws OstlerError `failed` when it cannot */
  static async start(place: Place, tls: HttpConfig["tls"], door: Door, deps: ListenerDeps): Promise<Listener> {
    try {
      // TLS is loaded only where it is used: that is a good part of the start.
      const server = tls ? (await import("node:https")).createServer(tlsOptions(tls)) : createServer();
      const listener = new Listener(server, door, deps);
      await listener.#listen(place);
      return listener;
    } catch (cause) {
      throw new OstlerError(
        "failed",
        `Cannot listen on ${"path" in place ? place.path : inWords(place)}: ${adviceOn(cause)}`,
        { cause },
      );
    }
  }

  private constructor(server: Server | TlsServer, door: Door, deps: ListenerDeps) {
    this.#server = server;
    this.#door = door;
    this.#deps = deps;
    server.requestTimeout = requestTimeoutMs;
    server.maxConnections = maxConnections;
    server.on("request", (request, response) => void this.#serve(request, response));
    server.on("upgrade", (request, socket, head) => this.#upgrade(request, socket, head));
    server.on("clientError", (_, socket) => socket.destroy());
  }

  /** The port it listens on; of interest where the kernel chose it. */
  get port(): number {
    return (this.#server.address() as AddressInfo | null)?.port ?? 0;
  }

  /** Reads new certificates; the returned function shows them to new connections. @throws OstlerError `failed` */
  async renewal(tls: NonNullable<HttpConfig["tls"]>): Promise<() => void> {
    try {
      const options = tlsOptions(tls);
      (await import("node:tls")).createSecureContext(options);
      return () => {
        if ("setSecureContext" in this.#server) this.#server.setSecureContext(options);
      };
    } catch (cause) {
      throw new OstlerError("failed", `Cannot use http.tls: ${messageOf(cause)}`, { cause });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  async #listen(place: Place): Promise<void> {
    if ("path" in place) {
      if (Buffer.byteLength(place.path) > maxSocketPath)
        throw new Error(`the path is longer than ${maxSocketPath} bytes; set agent.run_dir to a shorter one`);
      await rm(place.path, { force: true }); // Left by an agent that was killed; a living one holds the lock.
    }
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      const before = process.umask(0o177);
      try {
        this.#server.listen(place, () => {
          this.#server.off("error", reject);
          resolve();
        });
      } finally {
        process.umask(before);
      }
    });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const startedMs = performance.now();
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    let route: Route | undefined;
    response.once("finish", () => {
      const tookMs = performance.now() - startedMs;
      const about = { route: route?.path ?? "other", method: route ? (request.method ?? "") : "other" };
      this.#deps.sample({ type: "http.answered", ...about, status: response.statusCode, tookMs });
    });
    try {
      const principal = this.#door.identify(request);
      const url = urlOf(request);
      const match = matchRoute(this.#door.routes(), request.method ?? "", url.pathname);
      if (match.found === "method") {
        const failure = new OstlerError("wrong-method", `${url.pathname} takes ${match.allow.join(", ")}.`);
        return sendProblem(response, failure, { allow: match.allow.join(", ") });
      }
      if (match.found === "nothing") throw new OstlerError("not-found", `There is no ${url.pathname}.`);
      route = match.route;
      if (!allows(principal.scopes, route.scope))
        throw new OstlerError("not-permitted", `${url.pathname} needs the scope ${route.scope}.`);
      const { params } = match;
      await route.answer({ request, response, url, params, principal, deps: this.#deps, signal: gone.signal });
    } catch (failure) {
      const { code } = OstlerError.from(failure);
      sendProblem(response, failure, code === "unauthorized" ? { "www-authenticate": 'Bearer realm="ostler"' } : {});
    }
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on("error", () => socket.destroy());
    try {
      const principal = this.#door.identify(request);
      const path = (request.url ?? "").split("?")[0];
      if (path !== streamPath || !this.#door.streams)
        throw new OstlerError("not-found", `There is no WebSocket at ${path}.`);
      if (!allows(principal.scopes, "read")) throw new OstlerError("not-permitted", `${path} needs the scope read.`);
      this.#deps.upgrade(request, socket, head, principal);
    } catch (failure) {
      const { code, message } = OstlerError.from(failure);
      const status =
        { unauthorized: "401 Unauthorized", "not-permitted": "403 Forbidden" }[code as string] ?? "404 Not Found";
      socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-type: text/plain\r\n\r\n${message}\n`);
    }
  }
}

/** Two slashes in front would be taken for a host. @throws OstlerError `bad-request` */
function urlOf({ url = "/" }: IncomingMessage): URL {
  try {
    return new URL(url.replace(/^\/+/, "/"), "http://agent");
  } catch (cause) {
    throw new OstlerError("bad-request", `"${url}" is not a request target.`, { cause });
  }
}

function tlsOptions({ cert, key }: NonNullable<HttpConfig["tls"]>): {
  cert: Buffer;
  key: Buffer;
  minVersion: "TLSv1.3";
} {
  return { cert: readFileSync(cert), key: readFileSync(key), minVersion: "TLSv1.3" };
}

function adviceOn(cause: unknown): string {
  const { code } = cause as NodeJS.ErrnoException;
  if (code === "EADDRINUSE")
    return "another program listens there (`ss -ltnp` tells which). Change http.listen, or end that program.";
  if (code === "EACCES") return "this user may not. Use a port above 1023.";
  return `${messageOf(cause)}.`;
}
