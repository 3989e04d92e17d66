import { Changes } from "../../core/changes.js";

export type Room = { events: number; bytes: number };

/** What was sent and not acknowledged yet, and whether more may be sent. */
export class Window {
  readonly #limits: Room;
  readonly #sent: { upto: number; events: number; bytes: number }[] = [];
  #events = 0;
  #bytes = 0;
  #passed: number;
  #acked: number;
  readonly #acks = new Changes();

  constructor(limits: Room, acked: number) {
    this.#limits = limits;
    this.#passed = acked;
    this.#acked = acked;
  }

  /** Up to where everything is acknowledged, what was not worth sending included. */
  get acked(): number {
    return this.#acked;
  }

  /** Up to where everything was sent or not worth sending. */
  get passed(): number {
    return this.#passed;
  }

  /** How much more may be sent; nothing at all when either runs out. */
  get room(): Room {
    const room = { events: this.#limits.events - this.#events, bytes: this.#limits.bytes - this.#bytes };
    return room.events > 0 && room.bytes > 0 ? room : { events: 0, bytes: 0 };
  }

  add(upto: number, events: number, bytes: number): void {
    this.#sent.push({ upto, events, bytes });
    this.#events += events;
    this.#bytes += bytes;
    this.pass(upto);
  }

  /** Events up to here need no acknowledgement. */
  pass(upto: number): void {
    this.#passed = Math.max(this.#passed, upto);
    if (this.#sent.length === 0) this.#acked = this.#passed;
  }

  /** False when what is acknowledged was never sent. */
  ack(upto: number): boolean {
    if (upto > this.#passed) return false;
    for (let batch = this.#sent[0]; batch && batch.upto <= upto; batch = this.#sent[0]) {
      this.#events -= batch.events;
      this.#bytes -= batch.bytes;
      this.#sent.shift();
    }
    this.#acked = Math.max(this.#acked, this.#sent.length === 0 ? this.#passed : upto);
    this.#acks.notify();
    return true;
  }

  /** Ends when there is room, or the signal aborts. */
  async opened(signal: AbortSignal): Promise<void> {
    while (this.room.events === 0 && !signal.aborted) await this.#acks.next(signal);
  }
}
