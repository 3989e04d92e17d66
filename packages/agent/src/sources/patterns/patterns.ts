import { isHostEvent, own, type HostState } from "@ostler/protocol";
import type { ServiceConfig } from "../../config/services.js";
import type { LogSource } from "../../config/logs/log-source.js";
import type { Prepared } from "../../core/assembly.js";
import type { Listener, Published } from "../../core/bus.js";
import type { Checkpoint } from "./checkpoints.js";
import { Expectations } from "./expectations.js";
import { FollowedSource, type FollowedSourceDeps } from "./followed-source.js";
import { seriesSource } from "./source-watch.js";
import { Told, type ToldMatch } from "./told.js";

export type Services = Readonly<Record<string, ServiceConfig>>;
export type PatternsDeps = Omit<FollowedSourceDeps, "seen" | "seenIn"> & {
  subscribe: (listener: Listener) => Disposable;
  spools: string;
  /** The paths of all spools that there are. */
  spoolPaths: () => ReadonlySet<string>;
  /** The matches that are in the journal from a seq on. */
  matchesSince: (seq: number) => Promise<KnownMatch[]>;
};

/** A match that was told. */
export type KnownMatch = { seq: number; service: string; source: string; pattern: string; line: string; key: string };

type Followed = { service: string; source: string; written: string; its: FollowedSource };

/** How often is looked for what the clock makes due, and how often at most a source's place is saved. */
const tickMs = 1000;

/** Looks at what every service writes, wherever it writes it, and tells what its patterns find. */
export class Patterns implements AsyncDisposable {
  readonly #deps: PatternsDeps;
  readonly #expectations: Expectations;
  readonly #followed = new Map<string, Followed>();
  readonly #ending = new Set<Promise<void>>();
  /** Matches that an agent before this one had told after it last saved how far it was, by source. */
  readonly #known = new Map<string, ToldMatch[]>();
  readonly #subscription: Disposable;
  #services: Services;
  #cancel = (): void => {};

  /** `spoolsBefore` are the spools that were there before any service was started by this agent. */
  static async start(services: Services, spoolsBefore: ReadonlySet<string>, deps: PatternsDeps): Promise<Patterns> {
    const { checkpoints, state, matchesSince } = deps;
    const seqs = checkpoints.all.map((point) => knownBy(point, state()));
    const known = seqs.length === 0 ? [] : await matchesSince(Math.min(...seqs) + 1);
    const patterns = new Patterns(services, known, deps);
    await patterns.#reconfigure(services, spoolsBefore);
    patterns.#tick();
    return patterns;
  }

  private constructor(services: Services, known: readonly KnownMatch[], deps: PatternsDeps) {
    this.#deps = deps;
    this.#services = services;
    this.#expectations = new Expectations(deps);
    this.#subscription = deps.subscribe((published) => this.#follow(published));
    for (const { seq, service, source, pattern, line, key } of known) {
      const point = deps.checkpoints.get(service, source);
      if (!point || seq <= knownBy(point, deps.state())) continue; // Its line is not read again.
      const label = key.slice(0, key.lastIndexOf(":"));
      const its = this.#known.get(keyOf(service, source)) ?? [];
      its.push({ label, pattern, line });
      this.#known.set(keyOf(service, source), its);
    }
  }

  /** Goes over to other sources. Those that stay as they are go on; what has changed goes on where it was read to. */
  prepare(services: Services): Prepared {
    const before = this.#deps.spoolPaths(); // As it is before anything of the other configuration is started.
    return { commit: () => this.#reconfigure(services, before), discard: async () => {} };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#cancel();
    this.#subscription[Symbol.dispose]();
    this.#expectations[Symbol.dispose]();
    for (const followed of this.#followed.values()) this.#end(followed);
    this.#followed.clear();
    await Promise.all(this.#ending);
  }

  #follow({ event }: Published): void {
    if (!isHostEvent(event) || !event.type.startsWith("service.") || !("service" in event.data)) return;
    const { service } = event.data;
    const sources = service === undefined ? undefined : own(this.#services, service)?.logs;
    if (sources && sources.length > 0) this.#expectations.follow(event, sources);
  }

  async #reconfigure(services: Services, spoolsBefore: ReadonlySet<string>): Promise<void> {
    const { state, publish, sample, checkpoints } = this.#deps;
    this.#services = services;
    for (const [key, followed] of this.#followed) {
      const { service, source } = followed;
      const next = own(services, service);
      const wanted = next?.logs.find(({ name }) => name === source);
      if (next && wanted && writtenOf(next, wanted) === followed.written) continue;
      this.#followed.delete(key);
      this.#end(followed);
      sample({ type: "logs.forgotten", service, source }); // What goes on counts from 0 to what was saved.
      sample({ type: "series.forgotten", service, source: seriesSource(source) });
    }
    await Promise.all(this.#ending); // What changes goes on where it was; nobody else may be there.
    for (const { service, source } of checkpoints.all)
      if (!own(services, service)?.logs.some(({ name }) => name === source)) await checkpoints.remove(service, source);
    for (const [service, { patterns = {} }] of Object.entries(state().services))
      for (const pattern of Object.keys(patterns))
        if (!own(services, service)?.logs.some((its) => its.patterns.some(({ name }) => name === pattern)))
          publish({ type: "pattern.removed", data: { service, pattern } });
    for (const [service, config] of Object.entries(services)) {
      this.#expect(service, config.logs);
      await Promise.all(config.logs.map((source) => this.#begin(service, config, source, spoolsBefore)));
    }
  }

  #expect(service: string, sources: readonly LogSource[]): void {
    for (const source of sources)
      for (const [pattern, { seenIn }] of Object.entries(
        this.#deps.checkpoints.get(service, source.name)?.patterns ?? {},
      ))
        this.#expectations.restore(service, pattern, seenIn ?? {});
    this.#expectations.end(service);
    this.#expectations.begin(service, sources);
  }

  async #begin(
    service: string,
    config: ServiceConfig,
    source: LogSource,
    spoolsBefore: ReadonlySet<string>,
  ): Promise<void> {
    const key = keyOf(service, source.name);
    if (this.#followed.has(key)) return;
    const { spools, publish, checkpoints } = this.#deps;
    const output = { service, spools, spoolsBefore, unit: config.attach?.systemd };
    const unmet = checkpoints.get(service, source.name)?.told ?? [];
    const told = new Told([...unmet, ...(this.#known.get(key) ?? [])]);
    this.#known.delete(key);
    const its = await FollowedSource.start(
      service,
      source,
      { output, told },
      {
        ...this.#deps,
        seen: (pattern, { process }) => this.#expectations.seen(service, pattern, process),
        seenIn: (pattern) => this.#expectations.seenIn(service, pattern),
        publish,
      },
    );
    this.#followed.set(key, { service, source: source.name, written: writtenOf(config, source), its });
  }

  #tick(): void {
    const { clock, state } = this.#deps;
    for (const { service, its } of this.#followed.values()) its.tick(begunMs(state(), service));
    this.#cancel = clock.after(tickMs, () => this.#tick());
  }

  #end({ its }: Followed): void {
    const ended = its[Symbol.asyncDispose]().finally(() => this.#ending.delete(ended));
    this.#ending.add(ended);
  }
}

/** The last event that a checkpoint knows of; none of a journal that was begun after it. */
function knownBy({ epoch, seq }: Checkpoint, state: HostState): number {
  return epoch === state.epoch ? seq : 0;
}

/** When the process of a service was started that was started last; 0 when none runs. */
function begunMs({ services }: HostState, service: string): number {
  const phases = Object.values(own(services, service)?.processes ?? {}).map(({ phase }) => phase);
  return Math.max(0, ...phases.map((phase) => (phase.name === "running" ? Date.parse(phase.since) : 0)));
}

function writtenOf({ attach }: ServiceConfig, source: LogSource): string {
  return JSON.stringify([source, attach?.systemd]);
}

/** Names have no slash. */
function keyOf(service: string, source: string): string {
  return `${service}/${source}`;
}
