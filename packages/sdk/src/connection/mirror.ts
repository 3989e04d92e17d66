import {
  applyPatch,
  eventOf,
  fold,
  hashOf,
  hostState,
  initialState,
  OstlerError,
  seqOf,
  type AgentFrameOf,
  type Envelope,
  type HostState,
} from "@ostler/protocol";

/**
 * The agent's state, here: taken from state frames, and carried on by folding events with the agent's own function.
 * Whatever does not fit makes it ask for the whole state again.
 */
export class Mirror {
  #state: HostState = initialState("");
  readonly #wantState: () => void;
  readonly #changed: () => void;
  /** Events are missing here; a state frame will fill the hole. */
  #hasHole = false;

  constructor({ wantState, changed }: { wantState: () => void; changed: () => void }) {
    this.#wantState = wantState;
    this.#changed = changed;
  }

  get state(): HostState {
    return this.#state;
  }

  /** @throws OstlerError `bad-request` when it is not a state */
  take({ full, patch, hash }: AgentFrameOf<"state">): void {
    const state: unknown = full ?? applyPatch(this.#state, patch ?? {});
    const parsed = hostState.safeParse(state);
    if (!parsed.success) throw new OstlerError("bad-request", `Not a state: ${parsed.error.issues[0]?.message}`);
    if (patch && hashOf(state) !== hash) return this.#wantState();
    this.#state = state as HostState; // As it came: what a newer agent has added stays in it.
    this.#hasHole = false;
    this.#changed();
  }

  /** Folds what comes next; what came with a state frame already is passed over. */
  fold(epoch: string, events: readonly Envelope[]): void {
    const before = this.#state;
    for (const envelope of events) {
      const seq = seqOf(envelope);
      if (epoch === this.#state.epoch && seq <= this.#state.seq) continue;
      if (epoch !== this.#state.epoch || seq > this.#state.seq + 1) {
        this.#missed();
        break;
      }
      this.#state = fold(this.#state, eventOf(envelope), { epoch, seq, time: envelope.time });
    }
    if (this.#state !== before) this.#changed();
  }

  /** Events that will never come. */
  skip({ epoch, to }: AgentFrameOf<"gap">): void {
    if (epoch === this.#state.epoch && to > this.#state.seq) this.#missed();
  }

  /** Two folds of the same events that differ are a fault somewhere; the agent's is the right one. */
  compare({ hash, seq }: AgentFrameOf<"heartbeat">): void {
    if (seq === this.#state.seq && hash !== hashOf(this.#state)) this.#wantState();
  }

  #missed(): void {
    if (this.#hasHole) return;
    this.#hasHole = true;
    this.#wantState();
  }
}
