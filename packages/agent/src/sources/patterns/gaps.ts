import type { Publish } from "../../core/bus.js";
import type { Clock } from "../../core/clock.js";
import type { Gapped } from "./feed-deps.js";

/** After a gap is told, all others for the same reason that come within this time are told as one. */
export const joinMs = 5000;

type Joined = { gap: Gapped | undefined; cancel: () => void };

/** Tells the gaps of one source: the first at once, and of many that follow each other how much they are together. */
export class Gaps implements Disposable {
  readonly #of: { service: string; source: string };
  readonly #deps: { publish: Publish; clock: Clock };
  readonly #joined = new Map<Gapped["reason"], Joined>();

  constructor(of: { service: string; source: string }, deps: { publish: Publish; clock: Clock }) {
    this.#of = of;
    this.#deps = deps;
  }

  tell(gap: Gapped): void {
    const joined = this.#joined.get(gap.reason);
    if (!joined) return this.#begin(gap);
    joined.gap = joined.gap ? joinedOf(joined.gap, gap) : gap;
  }

  /** What is left is told now. */
  [Symbol.dispose](): void {
    for (const { gap, cancel } of this.#joined.values()) {
      cancel();
      if (gap) this.#publish(gap);
    }
    this.#joined.clear();
  }

  #begin(gap: Gapped): void {
    this.#publish(gap);
    const cancel = this.#deps.clock.after(joinMs, () => {
      const next = this.#joined.get(gap.reason)?.gap;
      this.#joined.delete(gap.reason);
      if (next) this.#begin(next);
    });
    this.#joined.set(gap.reason, { gap: undefined, cancel });
  }

  #publish(gap: Gapped): void {
    this.#deps.publish({ type: "log.gapped", data: { ...this.#of, ...gap } });
  }
}

/** Of both what they have in common; how much it was is known when it is known of both. */
function joinedOf(one: Gapped, other: Gapped): Gapped {
  const joined: Gapped = { reason: one.reason, gaps: (one.gaps ?? 1) + (other.gaps ?? 1) };
  if (one.bytes !== undefined && other.bytes !== undefined) joined.bytes = one.bytes + other.bytes;
  if (one.lines !== undefined && other.lines !== undefined) joined.lines = one.lines + other.lines;
  if (one.process !== undefined && one.process === other.process) joined.process = one.process;
  if (one.stream !== undefined && one.stream === other.stream) joined.stream = one.stream;
  if (one.file !== undefined && one.file === other.file) joined.file = one.file;
  if (one.detail !== undefined && one.detail === other.detail) joined.detail = one.detail;
  return joined;
}
