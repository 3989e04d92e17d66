/** What a window sees of one series: its measurements, oldest first. */
export type Points = { readonly length: number; timeAt(index: number): number; valueAt(index: number): number };

/** A series keeps no more than this; of longer windows only measurements that are far enough apart are kept. */
const maxPoints = 8192;

const firstCapacity = 8;

/**
 * The measurements of one series within a window, and the last one before it. Two columns in a ring: a measurement costs
 * 16 bytes, and nothing for the garbage collector.
 */
export class History implements Points {
  #windowMs: number;
  #times = new Float64Array(firstCapacity);
  #values = new Float64Array(firstCapacity);
  #start = 0;
  #length = 0;

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
  }

  get length(): number {
    return this.#length;
  }

  /** The last measurement; -Infinity when there is none. */
  get lastMs(): number {
    return this.#length === 0 ? -Infinity : this.timeAt(this.#length - 1);
  }

  timeAt(index: number): number {
    return this.#times[(this.#start + index) & (this.#times.length - 1)] ?? NaN;
  }

  valueAt(index: number): number {
    return this.#values[(this.#start + index) & (this.#values.length - 1)] ?? NaN;
  }

  /** Another window; what a longer one would have kept is gone. */
  keep(windowMs: number): void {
    this.#windowMs = windowMs;
  }

  /** Time goes on only: what comes too late or too soon after the last one is left out. */
  add(timeMs: number, value: number): void {
    if (timeMs <= this.lastMs || timeMs - this.lastMs < this.#windowMs / maxPoints) return;
    this.forget(timeMs);
    if (this.#length === this.#times.length) this.#grow();
    const at = (this.#start + this.#length++) & (this.#times.length - 1);
    this.#times[at] = timeMs;
    this.#values[at] = value;
  }

  /** Lets go of what is older than the window, but for the last measurement at or before its beginning. */
  forget(nowMs: number): void {
    while (this.#length > 1 && this.timeAt(1) <= nowMs - this.#windowMs) {
      this.#start = (this.#start + 1) & (this.#times.length - 1);
      this.#length--;
    }
  }

  /** What was measured from one moment to another, both included, as Prometheus 2 has it. */
  between(fromMs: number, toMs: number): Points {
    let first = 0;
    let end = this.#length;
    while (first < end && this.timeAt(first) < fromMs) first++;
    while (end > first && this.timeAt(end - 1) > toMs) end--;
    return {
      length: end - first,
      timeAt: (index) => this.timeAt(first + index),
      valueAt: (index) => this.valueAt(first + index),
    };
  }

  #grow(): void {
    const { length } = this.#times;
    const [times, values] = [new Float64Array(2 * length), new Float64Array(2 * length)];
    for (let at = 0; at < this.#length; at++) {
      times[at] = this.timeAt(at);
      values[at] = this.valueAt(at);
    }
    [this.#times, this.#values, this.#start] = [times, values, 0];
  }
}
