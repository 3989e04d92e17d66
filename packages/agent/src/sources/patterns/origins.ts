import type { LogSource } from "../../config/logs/log-source.js";
import type { Clock } from "../../core/clock.js";
import { textOf } from "../../core/lines/clean-line.js";
import { Pattern } from "../../core/pattern/pattern.js";
import type { Checkpoint } from "./checkpoints.js";
import type { Chunk, Origin } from "./chunk.js";
import { Records, type Held, type Record as LineRecord } from "./records.js";
import type { Told } from "./told.js";

/** A record to which nothing has been added for so long is whole. */
const recordQuietMs = 500;

/** What is known of one origin of lines. */
type OfOrigin = {
  origin: Origin;
  position: unknown;
  records?: Records;
  /** When something was added to its record. */
  quietMs: number;
  /** Nothing was read of it yet. */
  isNew?: true;
  /** All that was there has been read: when the record that is held has ended, none comes that was told before. */
  isCaughtUp?: true;
};

export type OriginsDeps = {
  clock: Clock;
  told: Told;
  /** A record is whole. */
  ended: (record: LineRecord, label: string, origin: Origin) => void;
};

/** Where each origin of a source was read to, and the records of several lines that are not whole yet. */
export class Origins {
  readonly #multiline: LogSource["multiline"];
  readonly #deps: OriginsDeps;
  readonly #all = new Map<string, OfOrigin>();

  constructor(multiline: LogSource["multiline"], saved: Checkpoint | undefined, deps: OriginsDeps) {
    this.#multiline = multiline;
    this.#deps = deps;
    for (const [label, position] of Object.entries(saved?.positions ?? {}))
      this.#all.set(label, { origin: {}, position, quietMs: 0 });
    for (const [label, { origin, ...held }] of Object.entries(saved?.held ?? {})) {
      const its = this.#of(label, origin as Origin);
      its.records = newRecords(multiline, held);
      its.quietMs = Infinity; // Its next line may be there already.
    }
  }

  /** Where to go on with each, by label. */
  get positions(): Record<string, unknown> {
    return Object.fromEntries([...this.#all].map(([label, its]) => [label, its.position]));
  }

  /** The records that are not whole, by label. */
  get held(): NonNullable<Checkpoint["held"]> {
    const all = [...this.#all].flatMap(([label, { origin, records }]) =>
      records?.held ? [[label, { origin, ...records.held }] as const] : [],
    );
    return Object.fromEntries(all) as NonNullable<Checkpoint["held"]>;
  }

  /** It has come: whoever goes on after a kill has to know, although nothing was read of it. */
  begin(label: string, position: unknown): void {
    if (!this.#all.has(label)) this.#all.set(label, { origin: {}, position, quietMs: 0, isNew: true });
  }

  /** All of a chunk was taken. */
  take({ label, origin, bytes, positionAt }: Chunk): void {
    const its = this.#of(label, origin);
    its.position = positionAt(bytes.length);
    delete its.isNew;
  }

  /** Makes records of the lines of a chunk. Returns how many lines there were. */
  takeRecords({ bytes, label, origin, keyAt, isClippedAt }: Chunk): number {
    const its = this.#of(label, origin);
    const records = (its.records ??= newRecords(this.#multiline));
    its.quietMs = this.#deps.clock.monotonic();
    let lines = 0;
    for (let start = 0; start < bytes.length; lines++) {
      const newline = bytes.indexOf(0x0a, start);
      const end = newline < 0 ? bytes.length : newline;
      const line = { text: textOf(bytes, start, end), key: keyAt(start), isClipped: isClippedAt(start) };
      this.#end(records.add(line), label, its);
      start = end + 1;
    }
    return lines;
  }

  /** All that was there of an origin was taken; where nothing has come of it, it goes on from here. Says whether that is new. */
  catchUp(label: string, position: unknown): boolean {
    const its = this.#all.get(label);
    if (its?.records?.isHolding) {
      its.isCaughtUp = true;
      its.quietMs = Math.min(its.quietMs, this.#deps.clock.monotonic());
    } else this.#deps.told.end(label);
    if (position === undefined || (its && !its.isNew)) return false;
    this.#all.set(label, { origin: {}, position, quietMs: 0 });
    return true;
  }

  /** An origin is gone for good: nothing of it has to be remembered, and its last record is whole. */
  forget(label: string): void {
    const its = this.#all.get(label);
    if (its) this.#end(its.records?.end() ?? [], label, its);
    this.#all.delete(label);
  }

  /** Ends the records to which nothing has been added for some time. Says whether there were any. */
  endQuiet(): boolean {
    const nowMs = this.#deps.clock.monotonic();
    const quiet = [...this.#all].filter(
      ([, { records, quietMs }]) => records?.isHolding === true && nowMs - quietMs >= recordQuietMs,
    );
    for (const [label, its] of quiet) this.#end(its.records?.end() ?? [], label, its);
    return quiet.length > 0;
  }

  #of(label: string, origin: Origin): OfOrigin {
    const its = this.#all.get(label) ?? { origin, position: undefined, quietMs: 0 };
    its.origin = origin;
    this.#all.set(label, its);
    return its;
  }

  #end(ended: readonly LineRecord[], label: string, its: OfOrigin): void {
    for (const record of ended) this.#deps.ended(record, label, its.origin);
    if (ended.length === 0 || !its.isCaughtUp) return;
    delete its.isCaughtUp;
    this.#deps.told.end(label);
  }
}

function newRecords(multiline: LogSource["multiline"], held?: Held): Records {
  const { start, continued = "" } = multiline ?? {};
  const how = start === undefined ? { continued: Pattern.parse(continued) } : { start: Pattern.parse(start) };
  return new Records(how, held);
}
