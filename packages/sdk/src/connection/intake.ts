import { decodeEnvelope, seqOf, sequenceOf, typePrefix, type AgentFrameOf, type Envelope } from "@ostler/protocol";
import { positionOf } from "../stores/memory.js";
import type { EventStore, StoredPosition } from "../stores/store.js";

export type IntakeDeps = {
  host: string;
  store: EventStore;
  /** Acknowledges to the agent, on whatever connection there is now. */
  ack: (position: { epoch: string; seq: number }) => void;
  /** Called after each append. */
  stored: () => void;
  /** The store refused; nothing was acknowledged, and the agent will send it all again on the next connection. */
  failed: (reason: unknown) => void;
};

/** Takes events in, one batch at a time: leaves out what is stored already, stores the rest, and only then acknowledges. */
export class Intake {
  readonly #deps: IntakeDeps;
  #position: StoredPosition | undefined;
  #last: Promise<void> = Promise.resolve();

  constructor(position: StoredPosition | undefined, deps: IntakeDeps) {
    this.#position = position;
    this.#deps = deps;
  }

  /** What the agent should send first; nothing when it should decide. */
  get resume(): { epoch: string; from: number } | undefined {
    return this.#position && { epoch: this.#position.epoch, from: this.#position.seq + 1 };
  }

  /** @throws OstlerError `bad-request` when one of them is not an event */
  take({ epoch, events }: AgentFrameOf<"events">): readonly Envelope[] {
    const envelopes = events.map(decodeEnvelope);
    this.#queue(epoch, envelopes);
    return envelopes;
  }

  /** A gap is kept among the events, as an event of its own: who reads the store later must see the hole too. */
  takeGap({ epoch, from, to, count, reason }: AgentFrameOf<"gap">): void {
    if (reason === "epoch") return; // The other epoch's events say so by themselves.
    const gap: Envelope = {
      specversion: "1.0",
      id: `${epoch}-${to}`,
      source: `/hosts/${this.#deps.host}`,
      type: `${typePrefix}journal.gapped`,
      time: new Date().toISOString(),
      datacontenttype: "application/json",
      sequence: sequenceOf(to),
      severity: "error",
      data: { from, to, count, reason },
    };
    this.#queue(epoch, [gap]);
  }

  /** Resolves when everything taken so far is stored. */
  settled(): Promise<void> {
    return this.#last;
  }

  #queue(epoch: string, envelopes: readonly Envelope[]): void {
    this.#last = this.#last.then(() => this.#store(epoch, envelopes));
  }

  async #store(epoch: string, envelopes: readonly Envelope[]): Promise<void> {
    const last = this.#position?.epoch === epoch ? this.#position.seq : 0;
    const fresh = envelopes.filter((envelope) => seqOf(envelope) > last);
    try {
      if (fresh.length > 0) this.#position = await this.#deps.store.append(this.#deps.host, fresh);
    } catch (failure) {
      return this.#deps.failed(failure);
    }
    const newest = envelopes.at(-1);
    if (newest) this.#deps.ack(positionOf(newest));
    if (fresh.length > 0) this.#deps.stored();
  }
}
