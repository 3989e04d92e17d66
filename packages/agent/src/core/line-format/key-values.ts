import { FieldList, valueOf } from "./fields.js";
import type { FieldValue } from "./line-info.js";

/** `pure`: the line is nothing but pairs, so words without `=` belong to the value before them. `within`: pairs stand among words. */
export type PairsMode = "pure" | "within";

/** No key is longer. It keeps a text of nothing but letters from being looked at again and again. */
const maxKeyLength = 100;
const keyAt = new RegExp(String.raw`[A-Za-z_@][\w.@/-]{0,${maxKeyLength - 1}}=`, "y");

/** Does a text begin with a pair? */
export function beginsWithPair(text: string): boolean {
  return endOfKey(text, 0) !== undefined;
}

/**
 * The pairs `key=value` of a text. A value is quoted, or a word, to which belongs what is in its brackets, as in
 * `endpoint=Dialer { address: "/ip4/1.2.3.4" }`.
 */
export function pairsIn(text: string, mode: PairsMode, fields = new FieldList()): FieldList {
  const scan = new Scan(text, mode);
  for (let at = nextKey(text, 0); at !== undefined && !fields.isFull;) {
    const { key, value, end } = scan.pair(at);
    fields.add(key, value);
    at = nextKey(text, end);
  }
  return fields;
}

type Pair = { key: string; value: FieldValue; end: number };

class Scan {
  readonly #text: string;
  readonly #mode: PairsMode;
  /** What opens and does not close is looked for to the end only once. */
  #isUnclosed = false;

  constructor(text: string, mode: PairsMode) {
    this.#text = text;
    this.#mode = mode;
  }

  pair(at: number): Pair {
    const start = endOfKey(this.#text, at) ?? at;
    const key = this.#text.slice(at, start - 1);
    if (this.#text[start] === '"') {
      const end = this.#endOfQuote(start);
      if (end !== undefined) return { key, value: unescaped(this.#text.slice(start + 1, end - 1)), end };
    }
    let end = this.#endOfWord(start);
    if (this.#mode === "pure") end = Math.max(end, this.#endOfWords(end));
    const word = this.#text.slice(start, end).trimEnd();
    return { key, value: valueOf(word.replace(/[,;]$/, "")), end };
  }

  /** Where the words end that no key comes with. */
  #endOfWords(from: number): number {
    for (let at = from; at < this.#text.length;) {
      if (this.#text[at] !== " ") return at;
      if (endOfKey(this.#text, at + 1) !== undefined) return at;
      at = this.#endOfWord(at + 1);
      if (this.#text[at] === undefined) return at;
    }
    return this.#text.length;
  }

  /** Where a word ends, with what is in brackets that it opens or that come right behind it. */
  #endOfWord(from: number): number {
    const text = this.#text;
    for (let at = from; at < text.length; at++) {
      if (isOpening(text[at])) at = (this.#endOfBrackets(at) ?? at + 1) - 1;
      else if (isClosing(text[at]) && this.#mode === "within") return at;
      else if (text[at] === " ") {
        const isFollowed = text[at + 1] === "{" && at > from;
        const end = isFollowed ? this.#endOfBrackets(at + 1) : undefined;
        if (end === undefined) return at;
        at = end - 1;
      }
    }
    return text.length;
  }

  #endOfBrackets(open: number): number | undefined {
    if (this.#isUnclosed) return undefined;
    let depth = 0;
    for (let at = open; at < this.#text.length; at++) {
      const character = this.#text[at];
      if (character === '"') {
        const end = this.#endOfQuote(at);
        if (end === undefined) break;
        at = end - 1;
      } else if (isOpening(character)) depth++;
      else if (isClosing(character) && --depth === 0) return at + 1;
    }
    this.#isUnclosed = true;
    return undefined;
  }

  /** Behind the quote that closes. */
  #endOfQuote(open: number): number | undefined {
    if (this.#isUnclosed) return undefined;
    for (let at = open + 1; at < this.#text.length; at++) {
      if (this.#text[at] === "\\") at++;
      else if (this.#text[at] === '"') return at + 1;
    }
    this.#isUnclosed = true;
    return undefined;
  }
}

/** Behind the `=` of a key that begins here. */
function endOfKey(text: string, at: number): number | undefined {
  keyAt.lastIndex = at;
  const [found] = keyAt.exec(text) ?? [];
  return found === undefined ? undefined : at + found.length;
}

/** Where the next key begins, from an end on. */
function nextKey(text: string, from: number): number | undefined {
  for (let equals = text.indexOf("=", from); equals >= 0; equals = text.indexOf("=", equals + 1)) {
    let at = equals;
    while (at > from && equals - at < maxKeyLength && isOfKey(text.charCodeAt(at - 1))) at--;
    const before = text[at - 1];
    if ((at === 0 || isBefore(before)) && endOfKey(text, at) === equals + 1) return at;
  }
  return undefined;
}

function isBefore(character: string | undefined): boolean {
  return character === " " || character === "\t" || character === "," || isOpening(character);
}

function isOfKey(code: number): boolean {
  const isLetter = (code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a;
  return isLetter || (code >= 0x2d && code <= 0x39) || code === 0x5f || code === 0x40;
}

function isOpening(character: string | undefined): boolean {
  return character === "{" || character === "(" || character === "[";
}

function isClosing(character: string | undefined): boolean {
  return character === "}" || character === ")" || character === "]";
}

const escapes: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r" };

function unescaped(text: string): string {
  if (!text.includes("\\")) return text;
  return text.replace(/\\(?:u([0-9a-fA-F]{4})|(.))/g, (_, code: string | undefined, one: string) =>
    code === undefined ? (escapes[one] ?? one) : String.fromCharCode(parseInt(code, 16)),
  );
}
