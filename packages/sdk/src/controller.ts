import { createServer, type IncomingMessage, type Server } from "node:http";
import { createServer as createTlsServer, type Server as TlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { hostname } from "node:os";
import type { Duplex } from "node:stream";
import { OstlerError, subprotocol, type Envelope } from "@ostler/protocol";
import { WebSocketServer } from "ws";
import type { Authenticate } from "./auth.js";
import { defaultHeartbeatMs } from "./connection/session.js";
import { socketOptions } from "./connection/socket-options.js";
import type { FollowOptions } from "./follow.js";
import { Host } from "./host.js";
import { mergeHosts } from "./merge-hosts.js";
import { Signal } from "./signal.js";
import { memoryStore } from "./stores/memory.js";
import type { EventStore, StoredPosition } from "./stores/store.js";

export type ControllerOptions = {
  /** Which host an agent is; `tokens({ "node-a": secret })`, or a function of your own. */
  auth: Authenticate;
  /** Decides when an event is acknowledged; in memory when absent. */
  store?: EventStore;
  /** Name of this controller at its agents; the name of its machine when absent. */
  name?: string;
  /** Longest silence; default 30 s. */
  heartbeatMs?: number;
};

export type ListenOptions = ControllerOptions & {
  port: number;
  /** 127.0.0.1 when absent; anything beyond loopback needs `tls`. */
  host?: string;
  tls?: { cert: string | Buffer; key: string | Buffer };
};

const loopback = ["127.0.0.1", "::1", "localhost"];

/** Accepts agents that connect by themselves, keeps their events, and knows each of them as a Host. */
export class Controller implements AsyncDisposable {
  readonly #options: ControllerOptions;
  readonly #store: EventStore;
  readonly #hosts: Map<string, Host>;
  readonly #joined = new Signal();
  readonly #server: Server | TlsServer;
  readonly #owned: boolean;
  readonly #sockets = new WebSocketServer({
    ...socketOptions,
    noServer: true,
    clientTracking: false,
    handleProtocols: (offered) => offered.has(subprotocol) && subprotocol,
  });
  readonly #upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void =>
    this.#accept(request, socket, head);
  readonly #end = new AbortController();

  /** Resolves when it listens. @throws OstlerError `not-permitted`, `failed` */
  static async listen({ port, host = "127.0.0.1", tls, ...options }: ListenOptions): Promise<Controller> {
    if (!tls && !loopback.includes(host))
      throw new OstlerError(
        "not-permitted",
        `${host} is reachable from other hosts: give tls, or put a TLS proxy in front and listen on 127.0.0.1.`,
      );
    const server = tls
      ? createTlsServer({ ...tls, minVersion: "TLSv1.3" })
      : createServer((_, response) => response.writeHead(426).end());
    await new Promise<void>((resolve, reject) => {
      server.once("error", (cause) =>
        reject(new OstlerError("failed", `Cannot listen on ${host}:${port}: ${cause.message}`, { cause })),
      );
      server.listen(port, host, resolve);
    });
    return Controller.#start(server, true, options);
  }

  /** Takes the upgrade requests of an HTTP server that somebody else owns. */
  static attach(server: Server | TlsServer, options: ControllerOptions): Promise<Controller> {
    return Controller.#start(server, false, options);
  }

  static async #start(server: Server | TlsServer, owned: boolean, options: ControllerOptions): Promise<Controller> {
    const store = options.store ?? memoryStore();
    const positions = await store.positions();
    const controller = new Controller(server, owned, options, store);
    for (const [name, position] of positions) controller.#hosts.set(name, controller.#makeHost(name, position));
    server.on("upgrade", controller.#upgrade);
    return controller;
  }

  private constructor(server: Server | TlsServer, owned: boolean, options: ControllerOptions, store: EventStore) {
    this.#server = server;
    this.#owned = owned;
    this.#options = options;
    this.#store = store;
    this.#hosts = new Map();
  }

  /** Of interest where the kernel chose it. */
  get port(): number {
    return (this.#server.address() as AddressInfo | null)?.port ?? 0;
  }

  /** Every host that is connected, was, or has events in the store. */
  get hosts(): readonly Host[] {
    return [...this.#hosts.values()];
  }

  /** @throws OstlerError `not-found` for a host that has never been here */
  host(name: string): Host {
    const host = this.#hosts.get(name);
    if (host) return host;
    throw new OstlerError(
      "not-found",
      `No agent has connected as "${name}". Known: ${[...this.#hosts.keys()].join(", ") || "none"}.`,
    );
  }

  /** Events of all hosts, those that come later included: of each host in order, each exactly once. */
  events(options: FollowOptions = {}): AsyncGenerator<{ host: Host; event: Envelope }> {
    const signal = options.signal ? AbortSignal.any([options.signal, this.#end.signal]) : this.#end.signal;
    return mergeHosts(() => this.hosts, this.#joined, { ...options, signal });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    this.#server.off("upgrade", this.#upgrade);
    await Promise.all([...this.#hosts.values()].map((host) => host[Symbol.asyncDispose]()));
    if (this.#owned)
      await new Promise<void>((resolve) => {
        this.#server.close(() => resolve());
        this.#server.closeAllConnections();
      });
    if (!this.#options.store) await this.#store.close();
  }

  #accept(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on("error", () => socket.destroy());
    const name = this.#identify(request);
    if (name === undefined)
      return void socket.end(
        'HTTP/1.1 401 Unauthorized\r\nwww-authenticate: Bearer realm="ostler"\r\nconnection: close\r\n\r\n',
      );
    this.#sockets.handleUpgrade(request, socket, head, (opened) => {
      if (opened.protocol !== subprotocol) return opened.close(1002, `offer the subprotocol ${subprotocol}`);
      void this.#hostNamed(name).accept(opened);
    });
  }

  /** An `auth` that throws, as those that verify signatures do, lets nobody in; nor does it with a host that has no name. */
  #identify(request: IncomingMessage): string | undefined {
    try {
      const name = this.#options.auth(request);
      return name === "" ? undefined : name;
    } catch {
      return undefined;
    }
  }

  #hostNamed(name: string): Host {
    const known = this.#hosts.get(name);
    if (known) return known;
    const host = this.#makeHost(name, undefined);
    this.#hosts.set(name, host);
    this.#joined.fire();
    return host;
  }

  #makeHost(name: string, position: StoredPosition | undefined): Host {
    const { name: own = hostname(), heartbeatMs = defaultHeartbeatMs } = this.#options;
    return new Host({ name, store: this.#store, position, identity: { id: own, name: own, heartbeatMs } });
  }
}
