import type { Pattern } from "../../core/pattern/pattern.js";

/** A line of a record, with what it is known by, and whether it was longer than it is here. */
export type Line = { text: string; key: string; isClipped: boolean };
/** It is clipped when one of its lines is. */
export type Record = { text: string; key: string; isClipped: boolean };
/** A record that may not be whole yet: its lines, and what it is known by. */
export type Held = { lines: readonly string[]; key: string; isClipped: boolean };

/** A longer record is told in parts. */
const maxLines = 500;
const maxLength = 256 * 1024;

/** Makes records of lines: one that begins a record ends the one before. */
export class Records {
  readonly #begins: (text: string) => boolean;
  #held: string[] = [];
  #heldLength = 0;
  #key = "";
  #isClipped = false;

  /** By what begins a record, or by what belongs to the one before; goes on with what was held. */
  constructor(how: { start: Pattern } | { continued: Pattern }, held?: Held) {
    this.#begins = "start" in how ? (text) => how.start.test(text) : (text) => !how.continued.test(text);
    for (const text of held?.lines ?? []) this.#hold(text);
    this.#key = held?.key ?? "";
    this.#isClipped = held?.isClipped ?? false;
  }

  /** The record that may not be whole, if there is one. */
  get held(): Held | undefined {
    return this.#held.length === 0 ? undefined : { lines: [...this.#held], key: this.#key, isClipped: this.#isClipped };
  }

  get isHolding(): boolean {
    return this.#held.length > 0;
  }

  /** The record that a line ends, if it ends one. */
  add({ text, key, isClipped }: Line): Record[] {
    const isFull = this.#held.length >= maxLines || this.#heldLength + text.length > maxLength;
    const ended = this.#held.length > 0 && (isFull || this.#begins(text)) ? this.end() : [];
    if (this.#held.length === 0) this.#key = key;
    this.#hold(text);
    this.#isClipped ||= isClipped;
    return ended;
  }

  /** The record that is held: nothing more of it has come. */
  end(): Record[] {
    if (this.#held.length === 0) return [];
    const record = { text: this.#held.join("\n"), key: this.#key, isClipped: this.#isClipped };
    this.#held = [];
    this.#isClipped = false;
    this.#heldLength = 0;
    return [record];
  }
  #hold(text: string): void {
    this.#held.push(text);
    this.#heldLength += text.length;
  }
}
