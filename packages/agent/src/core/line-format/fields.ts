import type { FieldValue, Fields } from "./line-info.js";

/** A line with more fields than these has only the first. */
export const maxFields = 64;

/** Gathers the fields of a line: the first of a name stays, and beyond the limit nothing is added. */
export class FieldList {
  readonly #fields = new Map<string, FieldValue>();

  get isFull(): boolean {
    return this.#fields.size >= maxFields;
  }

  add(name: string, value: FieldValue | undefined): this {
    if (value !== undefined && !this.isFull && !this.#fields.has(name)) this.#fields.set(name, value);
    return this;
  }

  addAll(fields: Readonly<Record<string, FieldValue | undefined>>): this {
    for (const [name, value] of Object.entries(fields)) this.add(name, value);
    return this;
  }

  get(name: string): FieldValue | undefined {
    return this.#fields.get(name);
  }

  /** The value of the first of these names that there is. */
  first(names: readonly string[]): FieldValue | undefined {
    for (const name of names) if (this.#fields.has(name)) return this.#fields.get(name);
    return undefined;
  }

  /** A field of any name becomes a property of its own, `__proto__` too. */
  get all(): Fields {
    return Object.fromEntries(this.#fields);
  }
}

/** What a word without quotes means: a number, true or false, or itself. A number that would change on the way stays a text. */
export function valueOf(word: string): FieldValue {
  if (word === "true" || word === "false") return word === "true";
  const first = word.charCodeAt(0);
  const isNumber = first === 0x2d || (first >= 0x30 && first <= 0x39);
  if (!isNumber || word.length > 24 || !/^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(word)) return word;
  const number = Number(word);
  return Number.isFinite(number) && (!Number.isInteger(number) || Number.isSafeInteger(number)) ? number : word;
}
