import type { Envelope } from "@ostler/protocol";
import type { FollowOptions } from "./follow.js";
import type { Host } from "./host.js";
import type { Signal } from "./signal.js";

/** Events of several hosts as they come, those of hosts that join later included. Holds at most one event of each host. */
export async function* mergeHosts(
  hosts: () => readonly Host[],
  joined: Signal,
  options: FollowOptions & { signal: AbortSignal },
): AsyncGenerator<{ host: Host; event: Envelope }> {
  type Next = { host: Host; result: IteratorResult<Envelope> };
  const { signal } = options;
  const sources = new Map<Host, AsyncGenerator<Envelope>>();
  const waiting = new Map<Host, Promise<Next>>();
  const ask = async (host: Host, source: AsyncGenerator<Envelope>): Promise<Next> => ({
    host,
    result: await source.next(),
  });
  // Whoever joins later is new: all of its events come after this reader did.
  const join = (from: FollowOptions["from"]): void => {
    for (const host of hosts()) {
      if (sources.has(host)) continue;
      const source = host.events({ ...options, ...(from === undefined ? {} : { from }) });
      sources.set(host, source);
      waiting.set(host, ask(host, source));
    }
  };
  join(options.from);
  let somebody = joined.next(signal);
  try {
    while (!signal.aborted) {
      const next = await Promise.race([...waiting.values(), somebody]);
      if (next === undefined) {
        join("stored");
        somebody = joined.next(signal);
        continue;
      }
      const { host, result } = next;
      const source = sources.get(host);
      if (result.done || !source) waiting.delete(host);
      else {
        waiting.set(host, ask(host, source));
        yield { host, event: result.value };
      }
    }
  } finally {
    for (const asked of waiting.values()) asked.catch(() => undefined); // Nobody waits for these any more.
  }
}
