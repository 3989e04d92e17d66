import { Changes } from "../../core/changes.js";

/** What was sent and not acknowledged yet, and whether more may be sent. */
export class Window {
  readonly #limits: { events: number; bytes: number };
  readonly #sent: { upto: number; events: number; bytes: number }[] = [];
  #events = 0;
  #bytes = 0;
  #lastSent = 0;
  #passed = 0;
  #acked: number;
  readonly #acks = new Changes();

  constructor(limits: { events: number; bytes: number }, acked: number) {
    this.#limits = limits;
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

  get isFull(): boolean {
    return this.#events >= this.#limits.events || this.#bytes >= this.#limits.bytes;
  }

  /** How many events more may be sent. */
  get room(): number {
    return this.isFull ? 0 : this.#limits.events - this.#events;
  }

  add(upto: number, events: number, bytes: number): void {
    this.#sent.push({ upto, events, bytes });
    this.#events += events;
    this.#bytes += bytes;
    this.#lastSent = upto;
    this.pass(upto);
  }

  /** Events up to here need no acknowledgement. */
  pass(upto: number): void {
    this.#passed = Math.max(this.#passed, upto);
    if (this.#sent.length === 0) this.#acked = Math.max(this.#acked, this.#passed);
  }

  /** False when what is acknowledged was never sent. */
  ack(upto: number): boolean {
    if (upto > Math.max(this.#lastSent, this.#acked)) return false;
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
    while (this.isFull && !signal.aborted) await this.#acks.next(signal);
  }
}
