import type { IncomingMessage } from "node:http";
import { BlockList, isIPv6 } from "node:net";
import { join } from "node:path";
import { OstlerError } from "@ostler/protocol";
import { blockListOf, inWords, type HttpConfig } from "../../config/http.js";
import type { Address } from "../../config/values.js";
import type { Prepared } from "../../core/assembly.js";
import { identify, local, type Principal } from "./auth.js";
import { commandRoutes } from "./commands.js";
import { debugRoutes } from "./debug.js";
import { eventRoutes } from "./events.js";
import { healthRoutes } from "./health.js";
import { keepTrying, type TroubleDeps } from "./keep-trying.js";
import { Listener, type Door, type ListenerDeps } from "./listener.js";
import { logRoutes } from "./logs.js";
import { observeRoutes } from "./observe.js";
import type { Route } from "./route.js";
import { numberRoutes } from "./numbers.js";
import { pushRoutes } from "./push.js";
import { backupRoutes } from "./backups.js";
import { usageRoutes } from "./usage.js";

export const routes: readonly Route[] = [
  ...healthRoutes,
  ...observeRoutes,
  ...eventRoutes,
  ...logRoutes,
  ...usageRoutes,
  ...backupRoutes,
  ...numberRoutes,
  ...pushRoutes,
  ...commandRoutes,
];

/** The TCP listeners: one for those the configuration lets in, one that answers probes to anybody. */
const kinds = ["main", "probes"] as const;
type Kind = (typeof kinds)[number];
type Listeners = Map<Kind, Listener>;

export type HttpServerDeps = Omit<ListenerDeps, "urls"> & TroubleDeps;

/**
 * The HTTP interface: the TCP listeners, and a unix socket for the owner that never changes. Supervision does not wait for
 * it: what cannot be opened when the agent starts is tried again and again.
 */
export class Http implements AsyncDisposable {
  readonly #deps: HttpServerDeps & ListenerDeps;
  #config: HttpConfig;
  #allowed: BlockList;
  #socket: Listener | undefined;
  readonly #listeners: Listeners = new Map();
  readonly #stop = new AbortController();
  #trying: Promise<unknown> = Promise.resolve();

  /** Resolves when everything listens that can. */
  static async start(config: HttpConfig, socketPath: string, deps: HttpServerDeps): Promise<Http> {
    const http = new Http(config, deps);
    const openSocket = async (): Promise<void> => {
      const door = { routes: http.#routes, identify: () => local, streams: true };
      http.#socket = await Listener.start({ path: socketPath }, undefined, door, http.#deps);
    };
    // A reload may have opened it in the meantime.
    const openMissing = async (kind: Kind): Promise<void> => {
      if (!http.#listeners.has(kind)) await http.#open(kind, http.#config, http.#listeners);
    };
    const attempts = await Promise.all([
      keepTrying("control socket", openSocket, deps, http.#stop.signal),
      ...kinds.map((kind) => keepTrying(`http ${kind}`, () => openMissing(kind), deps, http.#stop.signal)),
    ]);
    http.#trying = Promise.all(attempts.map(({ settled }) => settled));
    return http;
  }

  private constructor(config: HttpConfig, deps: HttpServerDeps) {
    this.#config = config;
    this.#allowed = blockListOf(config.allow_cidr);
    this.#deps = { ...deps, urls: () => this.urls };
  }

  /** Where the TCP listeners are, port 0 replaced by the kernel's choice. */
  get urls(): Partial<Record<Kind, string>> {
    const urls = [...this.#listeners].flatMap(([kind, { port }]) => {
      const place = placeOf(kind, this.#config);
      const scheme = kind === "main" && this.#config.tls ? "https" : "http";
      return place ? [[kind, `${scheme}://${inWords({ ...place, port })}`]] : [];
    });
    return Object.fromEntries(urls) as Partial<Record<Kind, string>>;
  }

  /** Binds what is new before anything old is let go. @throws OstlerError `failed`, `needs-restart` when that is not possible */
  async prepare(next: HttpConfig): Promise<Prepared> {
    const isMoved = (kind: Kind): boolean =>
      JSON.stringify(placeOf(kind, this.#config)) !== JSON.stringify(placeOf(kind, next));
    const moved = kinds.filter(isMoved);
    if (!isMoved("main") && (this.#config.tls === undefined) !== (next.tls === undefined))
      throw new OstlerError(
        "needs-restart",
        "http.tls cannot be switched on or off on the same port. Change http.listen too, or restart the agent.",
      );
    const renew = next.tls && !isMoved("main") ? await this.#listeners.get("main")?.renewal(next.tls) : undefined;
    const fresh: Listeners = new Map();
    try {
      for (const kind of moved) await this.#open(kind, next, fresh);
    } catch (failure) {
      await closeAll(fresh);
      throw failure;
    }
    return {
      commit: async () => {
        renew?.();
        this.#config = next;
        this.#allowed = blockListOf(next.allow_cidr);
        const old: Listeners = new Map([...this.#listeners].filter(([kind]) => moved.includes(kind)));
        for (const kind of moved) this.#listeners.delete(kind);
        for (const [kind, listener] of fresh) this.#listeners.set(kind, listener);
        await closeAll(old);
      },
      discard: () => closeAll(fresh),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#trying;
    await closeAll(this.#listeners);
    await this.#socket?.[Symbol.asyncDispose]();
  }

  async #open(kind: Kind, config: HttpConfig, into: Listeners): Promise<void> {
    const place = placeOf(kind, config);
    const tls = kind === "main" ? config.tls : undefined;
    if (place) into.set(kind, await Listener.start(place, tls, this.#doors[kind], this.#deps));
  }

  readonly #routes = (): readonly Route[] => (this.#config.debug ? [...routes, ...debugRoutes] : routes);

  readonly #doors: Record<Kind, Door> = {
    main: {
      streams: true,
      routes: this.#routes,
      identify: (request) => {
        this.#refuseForeignNetwork(request);
        return identify(request, this.#config.tokens);
      },
    },
    probes: {
      streams: false,
      routes: () => routes.filter(({ probe }) => probe),
      identify: (request): Principal => {
        this.#refuseForeignNetwork(request);
        return { actor: { kind: "http", name: "probe" }, scopes: ["read"] };
      },
    },
  };

  #refuseForeignNetwork({ socket: { remoteAddress = "" } }: IncomingMessage): void {
    if (this.#config.allow_cidr.length === 0) return;
    const address = remoteAddress.replace(/^::ffff:/, "");
    if (!this.#allowed.check(address, isIPv6(address) ? "ipv6" : "ipv4"))
      throw new OstlerError("not-permitted", `${address} is in none of the networks of http.allow_cidr.`);
  }
}

async function closeAll(listeners: Listeners): Promise<void> {
  await Promise.all([...listeners.values()].map((listener) => listener[Symbol.asyncDispose]()));
}

export function socketPathIn(runDir: string): string {
  return join(runDir, "ostler.sock");
}

function placeOf(kind: Kind, { listen, probes }: HttpConfig): Address | undefined {
  if (kind === "probes") return probes;
  return listen === "off" ? undefined : listen;
}
