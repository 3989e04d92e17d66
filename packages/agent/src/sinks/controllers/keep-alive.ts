import { hashOf, type HostState } from "@ostler/protocol";
import type { Clock } from "../../core/clock.js";
import type { Link } from "./link.js";

export type KeepAliveDeps = {
  clock: Clock;
  state: () => HostState;
  journal: { durable: number };
  /** Longest delay of the event loop lately. */
  lagMs: () => number;
};

type KeptLink = Pick<Link, "send" | "lastSentMs" | "terminate">;

/** The longest silence of each side. Ours may be shorter than what the controller asked for; its own is what it said. */
export type Silence = { oursMs: number; theirsMs: number };

/** Says something at least once in the agreed time, and ends a link whose other end has missed two heartbeats. */
export class KeepAlive implements Disposable {
  readonly #link: KeptLink;
  readonly #silence: Silence;
  readonly #deps: KeepAliveDeps;
  #lastHeardMs: number;
  #cancel = (): void => {};

  constructor(link: KeptLink, silence: Silence, deps: KeepAliveDeps) {
    this.#link = link;
    this.#silence = silence;
    this.#deps = deps;
    this.#lastHeardMs = deps.clock.monotonic();
    this.#later();
  }

  /** The other end said something. */
  heard(): void {
    this.#lastHeardMs = this.#deps.clock.monotonic();
  }

  [Symbol.dispose](): void {
    this.#cancel();
  }

  #later(): void {
    const { oursMs, theirsMs } = this.#silence;
    this.#cancel = this.#deps.clock.after(oursMs / 4, () => {
      const now = this.#deps.clock.monotonic();
      if (now - this.#lastHeardMs > 2.5 * theirsMs) return this.#link.terminate();
      if (now - this.#link.lastSentMs >= oursMs * 0.7) this.#beat();
      this.#later();
    });
  }

  #beat(): void {
    const { state, journal, lagMs } = this.#deps;
    const { seq } = state();
    this.#link.send({
      t: "heartbeat",
      hash: hashOf(state()),
      seq,
      next: journal.durable + 1,
      lag_ms: Math.round(lagMs()),
    });
  }
}
