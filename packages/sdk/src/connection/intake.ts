import {
  decodeEnvelope,
  messageOf,
  OstlerError,
  seqOf,
  sequenceOf,
  typePrefix,
  type AgentFrameOf,
  type Envelope,
} from "@ostler/protocol";
import { positionOf } from "../stores/memory.js";
import type { EventStore, StoredPosition } from "../stores/store.js";

/** Acknowledges to the agent, on the connection the events came by: on another one they were never sent. */
export type Ack = (position: { epoch: string; seq: number }) => void;

export type IntakeDeps = {
  host: string;
  store: EventStore;
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
  /** Counts the failures. What was taken before one is not stored after it: a later event must not hide a lost one. */
  #failures = 0;

  constructor(position: StoredPosition | undefined, deps: IntakeDeps) {
    this.#position = position;
    this.#deps = deps;
  }

  /** What the agent should send first; nothing when it should decide. */
  get resume(): { epoch: string; from: number } | undefined {
    return this.#position && { epoch: this.#position.epoch, from: this.#position.seq + 1 };
  }

  /** @throws OstlerError `bad-protocol` when one of them is not an event: what follows on this connection would hide it */
  take({ epoch, events }: AgentFrameOf<"events">, ack: Ack): readonly Envelope[] {
    const envelopes = decodeAll(events);
    this.#queue(epoch, envelopes, ack);
    return envelopes;
  }

  /** A gap is kept among the events, as an event of its own: who reads the store later must see the hole too. */
  takeGap({ epoch, from, to, count, reason }: AgentFrameOf<"gap">, ack: Ack): void {
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
    this.#queue(epoch, [gap], ack);
  }

  /** Resolves when everything taken so far is stored. */
  settled(): Promise<void> {
    return this.#last;
  }

  #queue(epoch: string, envelopes: readonly Envelope[], ack: Ack): void {
    const failures = this.#failures;
    this.#last = this.#last.then(async () => {
      if (failures === this.#failures) await this.#store(epoch, envelopes, ack);
    });
  }

  async #store(epoch: string, envelopes: readonly Envelope[], ack: Ack): Promise<void> {
    const last = this.#position?.epoch === epoch ? this.#position.seq : 0;
    const fresh = envelopes.filter((envelope) => seqOf(envelope) > last);
    try {
      if (fresh.length > 0) this.#position = await this.#deps.store.append(this.#deps.host, fresh);
    } catch (failure) {
      this.#failures++;
      return this.#deps.failed(failure);
    }
    const newest = envelopes.at(-1);
    if (newest) ack(positionOf(newest));
    if (fresh.length > 0) this.#deps.stored();
  }
}

function decodeAll(events: readonly unknown[]): Envelope[] {
  try {
    return events.map(decodeEnvelope);
  } catch (cause) {
    throw new OstlerError("bad-protocol", messageOf(cause), { cause });
  }
}
