import {
  envelopeOf,
  fold,
  messageOf,
  type Envelope,
  type ForeignEvent,
  type HostEvent,
  type HostState,
  type Sample,
} from "@ostler/protocol";
import type { Clock } from "./clock.js";

/** One event in the one timeline, with the state before and after it. */
export type Published = {
  event: HostEvent | ForeignEvent;
  envelope: Envelope;
  before: HostState;
  state: HostState;
};
export type Listener = (published: Published) => void;
export type Publish = (event: HostEvent | ForeignEvent) => number;
export type TakeSample = (sample: Sample) => void;

/**
 * The one timeline: numbers each event, folds it into the state, and tells every listener, in order.
 *
 * Invariant: listeners are called synchronously and do no I/O. Whoever must wait reads the journal.
 * An event published by a listener comes after the one that caused it, for everybody.
 */
export class Bus {
  #state: HostState;
  readonly #clock: Clock;
  readonly #agentId: string;
  readonly #listeners = new Map<string, Listener>();
  readonly #samplers = new Map<string, TakeSample>();
  readonly #waiting: (HostEvent | ForeignEvent)[] = [];
  readonly #faulted = new Set<string>();
  #draining = false;

  constructor({ state, agentId, clock }: { state: HostState; agentId: string; clock: Clock }) {
    this.#state = state;
    this.#clock = clock;
    this.#agentId = agentId;
  }

  get state(): HostState {
    return this.#state;
  }

  /** Returns the event's seq. */
  readonly publish: Publish = (event) => {
    this.#waiting.push(event);
    const seq = this.#state.seq + this.#waiting.length;
    if (!this.#draining) this.#drain();
    return seq;
  };

  readonly sample: TakeSample = (sample) => {
    for (const [name, take] of this.#samplers) this.#guard(name, () => take(sample));
  };

  /** `name` appears in `agent.faulted` when the listener throws. */
  subscribe(name: string, listener: Listener): Disposable {
    this.#listeners.set(name, listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(name) };
  }

  onSample(name: string, take: TakeSample): Disposable {
    this.#samplers.set(name, take);
    return { [Symbol.dispose]: () => void this.#samplers.delete(name) };
  }

  #drain(): void {
    this.#draining = true;
    for (let event = this.#waiting.shift(); event; event = this.#waiting.shift()) this.#tell(event);
    this.#draining = false;
  }

  /** An event that cannot be folded is left out and told of as a fault; those behind it go on. */
  #tell(event: HostEvent | ForeignEvent): void {
    this.#guard(`event ${event.type}`, () => {
      const published = this.#number(event);
      for (const [name, listener] of this.#listeners) this.#guard(name, () => listener(published));
    });
  }

  #number(event: HostEvent | ForeignEvent): Published {
    const before = this.#state;
    const position = { epoch: before.epoch, seq: before.seq + 1, time: new Date(this.#clock.now()).toISOString() };
    this.#state = fold(before, event, position);
    return { event, envelope: envelopeOf(event, this.#agentId, position), before, state: this.#state };
  }

  #guard(name: string, call: () => void): void {
    try {
      call();
    } catch (fault) {
      if (this.#faulted.has(name)) return;
      this.#faulted.add(name);
      this.publish({ type: "agent.faulted", data: { part: name, reason: messageOf(fault) } });
    }
  }
}
