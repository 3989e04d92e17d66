import { setMaxListeners } from "node:events";
import { readFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { closeCodes, subprotocol, tapSubprotocol, type Actor, type Scope } from "@ostler/protocol";
import { WebSocketServer } from "ws";
import { nameOf, type ControllerConfig } from "../../config/controllers.js";
import type { Prepared } from "../../core/assembly.js";
import { keepDialing, type DialerDeps } from "./dialer.js";
import { Session, type Peer } from "./session.js";
import { socketOptions } from "./socket-options.js";
import { runTap } from "./tap.js";

/** Sessions that controllers may have opened at the same time. */
const maxInbound = 64;

type Dialing = { config: ControllerConfig; stop: AbortController; done: Promise<void> };

/** All sessions with controllers: those the agent opens, and those it is opened by. */
export class Controllers implements AsyncDisposable {
  readonly #deps: DialerDeps;
  /** How to end the session that now has a name. */
  readonly #sessions = new Map<string, () => void>();
  readonly #dialing = new Map<string, Dialing>();
  readonly #inbound = new Set<Promise<unknown>>();
  readonly #server: WebSocketServer;
  readonly #stop = new AbortController();

  constructor(configs: readonly ControllerConfig[], deps: Omit<DialerDeps, "claim">) {
    const claim = (name: string, supersede: () => void): (() => void) => {
      this.#sessions.get(name)?.();
      this.#sessions.set(name, supersede);
      return () => {
        if (this.#sessions.get(name) === supersede) this.#sessions.delete(name);
      };
    };
    this.#deps = { ...deps, claim };
    setMaxListeners(maxInbound, this.#stop.signal);
    this.#server = new WebSocketServer({
      ...socketOptions,
      noServer: true,
      clientTracking: false,
      handleProtocols: (offered) => [subprotocol, tapSubprotocol].find((spoken) => offered.has(spoken)) ?? false,
    });
    for (const config of configs) this.#dial(config);
  }

  /** Takes a connection over from the HTTP server. */
  readonly upgrade = (
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    { actor, scopes }: { actor: Actor; scopes: readonly Scope[] },
  ): void => {
    const refusal = this.#refusal(request);
    if (refusal) return void socket.end(`HTTP/1.1 ${refusal}\r\nconnection: close\r\n\r\n`);
    this.#server.handleUpgrade(request, socket, head, (opened) => {
      const { journal, clock } = this.#deps;
      const peer: Peer = { name: `${actor.kind}-${actor.name}`, direction: "inbound", authority: { scopes } };
      const closed = new Promise<void>((resolve) => opened.on("close", () => resolve()));
      const speak = async (): Promise<unknown> => {
        if (opened.protocol === subprotocol) return Session.run(opened, peer, this.#deps, this.#stop.signal);
        if (opened.protocol === tapSubprotocol) return runTap(opened, journal, clock, this.#stop.signal);
        return opened.close(closeCodes.protocol, `offer the subprotocol ${subprotocol} or ${tapSubprotocol}`);
      };
      const ended = Promise.all([closed, speak()]);
      this.#inbound.add(ended);
      void ended.finally(() => this.#inbound.delete(ended));
    });
  };

  /** Sessions with controllers whose configuration did not change go on. @throws when a certificate file cannot be read */
  prepare(configs: readonly ControllerConfig[]): Prepared {
    for (const { tls } of configs) if (tls) readFileSync(tls.ca);
    return {
      commit: async () => {
        const wanted = new Map(configs.map((config) => [nameOf(config), config]));
        const ended = [...this.#dialing].filter(
          ([name, { config }]) => JSON.stringify(wanted.get(name)) !== JSON.stringify(config),
        );
        await Promise.all(ended.map(([name]) => this.#hangUp(name)));
        for (const [name, config] of wanted) if (!this.#dialing.has(name)) this.#dial(config);
      },
      discard: async () => {},
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await Promise.all([...[...this.#dialing.keys()].map((name) => this.#hangUp(name)), ...this.#inbound]);
  }

  #dial(config: ControllerConfig): void {
    const stop = new AbortController();
    this.#dialing.set(nameOf(config), { config, stop, done: keepDialing(config, this.#deps, stop.signal) });
  }

  async #hangUp(name: string): Promise<void> {
    const dialing = this.#dialing.get(name);
    dialing?.stop.abort();
    await dialing?.done;
    this.#dialing.delete(name);
  }

  #refusal({ headers }: IncomingMessage): string | undefined {
    if (this.#inbound.size >= maxInbound || this.#stop.signal.aborted) return "503 Service Unavailable";
    // Browsers send an Origin; a web page has no business here.
    return headers.origin === undefined ? undefined : "403 Forbidden";
  }
}
