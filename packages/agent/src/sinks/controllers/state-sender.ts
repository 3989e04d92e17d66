import { diff, hashOf, type HostState } from "@ostler/protocol";
import type { Clock } from "../../core/clock.js";
import type { Link } from "./link.js";

/** State is the latest value: changes within this time travel together. */
const settleMs = 1000;

/** Sends the state: whole when asked, and as a patch when it has changed and the events do not carry it already. */
export class StateSender implements Disposable {
  readonly #state: () => HostState;
  readonly #link: Link;
  readonly #clock: Clock;
  /** The seq up to which the controller can fold the state by itself. */
  readonly #carried: () => number;
  #sent: HostState | undefined;
  #rev = 0;
  #cancel = (): void => {};

  constructor(deps: { state: () => HostState; link: Link; clock: Clock; carried: () => number }) {
    this.#state = deps.state;
    this.#link = deps.link;
    this.#clock = deps.clock;
    this.#carried = deps.carried;
    this.#later();
  }

  sendFull(): void {
    const state = this.#state();
    this.#link.send({ t: "state", rev: ++this.#rev, at_seq: state.seq, hash: hashOf(state), full: state });
    this.#sent = state;
  }

  [Symbol.dispose](): void {
    this.#cancel();
  }

  #later(): void {
    this.#cancel = this.#clock.after(settleMs, () => {
      this.#sendPatch();
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
