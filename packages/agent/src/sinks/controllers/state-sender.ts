import { diff, hashOf, type HostState } from "@ostler/protocol";
import type { Clock } from "../../core/clock.js";
import type { Link } from "./link.js";

export type StateSenderDeps = {
  state: () => HostState;
  link: Pick<Link, "send" | "isCongested">;
  clock: Clock;
  /** The seq up to which the controller can fold the state by itself. */
  carried: () => number;
};

/** State is the latest value: changes within this time travel together. */
const settleMs = 1000;

/** Sends the state: whole when asked, and as a patch when it has changed and the events do not carry it already. */
export class StateSender implements Disposable {
  readonly #state: () => HostState;
  readonly #link: StateSenderDeps["link"];
  readonly #clock: Clock;
  readonly #carried: () => number;
  #sent: HostState | undefined;
  #rev = 0;
  /** The whole state was asked for and not sent yet. */
  #owesFull = false;
  #cancel = (): void => {};

  constructor(deps: StateSenderDeps) {
    this.#state = deps.state;
    this.#link = deps.link;
    this.#clock = deps.clock;
    this.#carried = deps.carried;
    this.#later();
  }

  /** At once, or when the controller reads again: one that asks and does not read must not fill our memory. */
  sendFull(): void {
    this.#owesFull = this.#link.isCongested;
    if (this.#owesFull) return;
    const state = this.#state();
    this.#link.send({ t: "state", rev: ++this.#rev, at_seq: state.seq, hash: hashOf(state), full: state });
    this.#sent = state;
  }

  [Symbol.dispose](): void {
    this.#cancel();
  }

  #later(): void {
    this.#cancel = this.#clock.after(settleMs, () => {
      if (this.#owesFull) this.sendFull();
      else this.#sendPatch();
      this.#later();
    });
  }

  #sendPatch(): void {
    const state = this.#state();
    const before = this.#sent;
    if (!before || state === before || state.seq <= this.#carried() || this.#link.isCongested) return;
    const patch = diff(before, state);
    if (patch) this.#link.send({ t: "state", rev: ++this.#rev, at_seq: state.seq, hash: hashOf(state), patch });
    this.#sent = state;
  }
}
