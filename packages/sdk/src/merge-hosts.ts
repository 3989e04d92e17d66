import type { Envelope } from "@ostler/protocol";
import type { FollowOptions } from "./follow.js";
import type { Host } from "./host.js";
import { Signal } from "./signal.js";

type Merged = { host: Host; event: Envelope };
type Sources = Map<Host, AsyncGenerator<Envelope>>;

/** Events of several hosts as they come, those of hosts that join later included. Holds at most one event of each host. */
export function mergeHosts(
  hosts: () => readonly Host[],
  joined: Signal,
  options: FollowOptions & { signal: AbortSignal },
): AsyncGenerator<Merged> {
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  // "From now on" means from this call on, not from the first event that somebody asks for.
  const sources: Sources = new Map(hosts().map((host) => [host, host.events({ ...options, signal })]));
  // Whoever joins later is new: all of its events come after this reader did.
  const join = (): void => {
    for (const host of hosts())
      if (!sources.has(host)) sources.set(host, host.events({ ...options, from: "stored", signal }));
  };
  return merge(sources, join, joined, signal, stop);
}

async function* merge(
  sources: Sources,
  join: () => void,
  joined: Signal,
  signal: AbortSignal,
  stop: AbortController,
): AsyncGenerator<Merged> {
  const come: (Merged | { failure: unknown })[] = [];
  const came = new Signal();
  const asked = new Set<Host>();
  const ask = async (host: Host, source: AsyncGenerator<Envelope>): Promise<void> => {
    try {
      const result = await source.next();
      if (!result.done) come.push({ host, event: result.value });
    } catch (failure) {
      come.push({ failure });
    }
    came.fire();
  };
  const askAll = (): void => {
    join();
    for (const [host, source] of sources) if (!asked.has(host)) void ask(host, source);
    for (const host of sources.keys()) asked.add(host);
  };
  const welcomeNew = async (): Promise<void> => {
    for (; !signal.aborted; await joined.next(signal)) askAll();
  };
  const welcoming = welcomeNew();
  try {
    while (!signal.aborted) {
      const next = come.shift();
      if (!next) await came.next(signal);
      else if ("failure" in next) throw next.failure;
      else {
        const source = sources.get(next.host);
        if (source) void ask(next.host, source);
        yield next;
      }
    }
  } finally {
    stop.abort();
    await welcoming;
    await Promise.all([...sources.values()].map((source) => source.return(undefined)));
  }
}
