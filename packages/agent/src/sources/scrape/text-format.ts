import { own, type Family, type FamilyType, type Labels, type Point } from "@ostler/protocol";

/**
 * Reads Prometheus' text format 0.0.4 and OpenMetrics 1.0. What it gives has the names of 0.0.4: a counter is called like its
 * series. Timestamps, exemplars and `_created` are left out. Like Prometheus it takes all or nothing.
 * @throws Error with the number of the first line that is wrong
 */
export function parseText(text: string): Family[] {
  const families = new Families();
  let number = 1;
  for (let at = 0; at < text.length; number++) {
    const found = text.indexOf("\n", at);
    const end = found < 0 ? text.length : found;
    const line =
      text.charCodeAt(end - 1) === carriageReturn && end > at ? text.slice(at, end - 1) : text.slice(at, end);
    at = end + 1;
    try {
      if (line.startsWith("#")) {
        if (line.trimEnd() === "# EOF") break;
        families.describe(line);
      } else if (line.trim() !== "") families.add(pointIn(line));
    } catch (fault) {
      throw new Error(`line ${number}: ${(fault as Error).message}: ${line.slice(0, maxTold)}`, { cause: fault });
    }
  }
  return families.all();
}

/** So much of a line that is wrong is told. */
const maxTold = 80;
const carriageReturn = 13;

/** A family as it was declared; its name may lack the `_total` or `_info` of its series. */
type Declared = { name: string; written: string; help: string; points: Point[] };

const typeOf: Record<string, FamilyType> = {
  counter: "counter",
  gauge: "gauge",
  histogram: "histogram",
  summary: "summary",
  stateset: "gauge",
  info: "gauge",
};

/** Endings of the series of a family, by its written type; those of the others are no part of it. */
const endings: Record<string, readonly string[]> = {
  counter: ["_total"],
  info: ["_info"],
  histogram: ["_bucket", "_sum", "_count"],
  summary: ["_sum", "_count"],
};

class Families {
  readonly #declared = new Map<string, Declared>();
  #lastName = "";
  #last: Declared | "dropped" | undefined;

  /** Takes HELP and TYPE; UNIT and other comments say nothing that is kept. */
  describe(line: string): void {
    const [, keyword = "", name = "", rest = ""] = /^#[ \t]+(HELP|TYPE)[ \t]+([^ \t]+)[ \t]*(.*)$/s.exec(line) ?? [];
    if (keyword === "") return;
    if (!isName(name)) throw new Error("is no name of a metric");
    const family = this.#named(name);
    if (keyword === "HELP") family.help = unescaped(rest);
    else if (family.points.length > 0) throw new Error("TYPE comes after the series");
    else family.written = rest.trim();
    this.#lastName = "";
  }

  add(point: Point): void {
    if (point.name !== this.#lastName) {
      this.#lastName = point.name;
      this.#last = this.#familyOf(point.name);
    }
    if (this.#last !== "dropped") this.#last?.points.push(point);
  }

  all(): Family[] {
    const shown = [...this.#declared.values()].filter(({ points }) => points.length > 0);
    return shown.map(({ name, written, help, points }) => {
      const isWhole = written === "histogram" || written === "summary";
      return {
        name: isWhole ? name : (points[0]?.name ?? name),
        type: own(typeOf, written) ?? "untyped",
        help,
        points,
      };
    });
  }

  #named(name: string): Declared {
    const known = this.#declared.get(name);
    if (known) return known;
    const family = { name, written: "", help: "", points: [] };
    this.#declared.set(name, family);
    return family;
  }

  #familyOf(name: string): Declared | "dropped" {
    const exact = this.#declared.get(name);
    if (exact) return exact;
    const ending = name.slice(name.lastIndexOf("_"));
    const base = ending.length < name.length ? this.#declared.get(name.slice(0, -ending.length)) : undefined;
    const its = base && own(endings, base.written);
    if (base && its?.includes(ending)) return base;
    if (its && ending === "_created") return "dropped";
    return this.#named(name);
  }
}

/** A line with a series: name, labels, value. */
function pointIn(line: string): Point {
  let at = skipBlanks(line, 0);
  const nameEnd = nameEndIn(line, at, true);
  if (nameEnd === at) throw new Error("a name of a metric is wanted");
  const name = line.slice(at, nameEnd);
  at = skipBlanks(line, nameEnd);
  let labels: Labels = none;
  if (line[at] === "{") ({ labels, at } = labelsIn(line, at + 1));
  at = skipBlanks(line, at);
  const valueEnd = tokenEnd(line, at);
  const value = valueOf(line.slice(at, valueEnd));
  expectEnd(line, skipBlanks(line, valueEnd));
  return { name, labels, value };
}

const none: Labels = {};

function labelsIn(line: string, from: number): { labels: Labels; at: number } {
  const labels: Record<string, string> = {};
  for (let at = skipBlanks(line, from); ;) {
    if (line[at] === "}") return { labels, at: at + 1 };
    const nameEnd = nameEndIn(line, at, false);
    const name = line.slice(at, nameEnd);
    if (name === "") throw new Error("a name of a label is wanted");
    if (Object.hasOwn(labels, name)) throw new Error(`the label ${name} stands twice`);
    at = skipBlanks(line, nameEnd);
    if (line[at] !== "=") throw new Error(`= is wanted after the label ${name}`);
    at = skipBlanks(line, at + 1);
    if (line[at] !== '"') throw new Error(`the label ${name} needs a value in quotes`);
    const end = endOfQuoted(line, at + 1);
    setOwn(labels, name, unescaped(line.slice(at + 1, end)));
    at = skipBlanks(line, end + 1);
    if (line[at] === ",") at = skipBlanks(line, at + 1);
    else if (line[at] !== "}") throw new Error("a comma or } is wanted between labels");
  }
}

/** Where assigning would do something else than to add a member. */
function setOwn(labels: Record<string, string>, name: string, value: string): void {
  if (name !== "__proto__") labels[name] = value;
  else Object.defineProperty(labels, name, { value, enumerable: true, writable: true, configurable: true });
}

function endOfQuoted(line: string, from: number): number {
  let end = line.indexOf('"', from);
  while (end >= 0) {
    let backslashes = 0;
    while (end - 1 - backslashes >= from && line[end - 1 - backslashes] === "\\") backslashes++;
    if (backslashes % 2 === 0) return end;
    end = line.indexOf('"', end + 1);
  }
  throw new Error("a value in quotes has no end");
}

/** What may follow a value: a time, and an exemplar after a #. */
function expectEnd(line: string, at: number): void {
  if (at >= line.length || line[at] === "#") return;
  const end = tokenEnd(line, at);
  valueOf(line.slice(at, end));
  const rest = skipBlanks(line, end);
  if (rest < line.length && line[rest] !== "#") throw new Error("nothing may follow the time");
}

function valueOf(token: string): number {
  const value = token === "" ? NaN : Number(token);
  if (!Number.isNaN(value)) return value;
  switch (token.toLowerCase()) {
    case "nan":
      return NaN;
    case "inf":
    case "+inf":
      return Infinity;
    case "-inf":
      return -Infinity;
  }
  throw new Error("a number is wanted");
}

function unescaped(text: string): string {
  if (!text.includes("\\")) return text;
  return text.replace(/\\(["\\n])/g, (_, escaped: string) => (escaped === "n" ? "\n" : escaped));
}

function isName(text: string): boolean {
  return text !== "" && nameEndIn(text, 0, true) === text.length;
}

/** Where a name that begins at `from` ends; `from` itself when none does. */
function nameEndIn(line: string, from: number, allowsColon: boolean): number {
  let at = from;
  for (; at < line.length; at++) {
    const code = line.charCodeAt(at);
    const isLetter = (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || code === 95;
    if (!isLetter && !(code >= 48 && code <= 57 && at > from) && !(allowsColon && code === 58)) break;
  }
  return at;
}

function skipBlanks(line: string, from: number): number {
  let at = from;
  while (line.charCodeAt(at) === 32 || line.charCodeAt(at) === 9) at++;
  return at;
}

function tokenEnd(line: string, from: number): number {
  let at = from;
  while (at < line.length && line.charCodeAt(at) !== 32 && line.charCodeAt(at) !== 9) at++;
  return at;
}
