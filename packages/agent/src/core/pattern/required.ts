import { firstBeyondAscii, type CharSet } from "./char-set.js";
import type { Node } from "./syntax.js";

/** More texts than this are not told apart: whoever looks for them would not be faster than whoever looks at each byte. */
const maxTexts = 16;

/** What is known of the text that a part of a pattern takes; texts are in lower case. */
type Known = {
  /** It is one of these. */
  exact: readonly string[] | undefined;
  /** One of these is in it. */
  required: readonly string[] | undefined;
};

const nothing: Known = { exact: undefined, required: undefined };

/** Texts in lower case of which at least one is in whatever a pattern matches: the longest that are known. Nothing where none is. */
export function requiredBy(node: Node): readonly string[] | undefined {
  return knownOf(node).required;
}

function knownOf(node: Node): Known {
  switch (node.is) {
    case "char":
      return exactly(textsOf(node.set));
    case "sequence":
      return ofSequence(node.parts.map(knownOf));
    case "choice":
      return ofChoice(node.options.map(knownOf));
    case "group":
      return knownOf(node.body);
    case "repeat": {
      const body = knownOf(node.body);
      if (node.min === 1 && node.max === 1) return body;
      if (node.min === 0) return node.max === 1 ? ofChoice([exactly([""]), body]) : nothing;
      return { exact: undefined, required: body.required };
    }
    case "assertion":
      return exactly([""]);
    default:
      return node satisfies never;
  }
}

function exactly(texts: readonly string[] | undefined): Known {
  return { exact: texts, required: texts };
}

/** Printable characters are looked for; what is cleaned off a line or ends it is not. */
function textsOf(set: CharSet): string[] | undefined {
  const texts = new Set<string>();
  for (const [from, to] of set)
    for (let unit = from; unit <= to; unit++) {
      if (unit < 0x20 || unit >= firstBeyondAscii - 1 || texts.size > maxTexts) return undefined;
      texts.add(String.fromCharCode(unit).toLowerCase());
    }
  return texts.size > maxTexts ? undefined : [...texts];
}

function ofSequence(parts: readonly Known[]): Known {
  let best: readonly string[] | undefined;
  let run: readonly string[] | undefined = [""];
  let isExact = true;
  for (const { exact, required } of parts) {
    const longer: readonly string[] | undefined = exact && run && product(run, exact);
    if (!longer) {
      isExact = false;
      best = better(better(best, run), required);
    }
    run = longer ?? exact ?? [""];
  }
  return { exact: isExact ? run : undefined, required: better(best, run) };
}

function ofChoice(options: readonly Known[]): Known {
  return { exact: union(options.map(({ exact }) => exact)), required: union(options.map(({ required }) => required)) };
}

function union(all: readonly (readonly string[] | undefined)[]): string[] | undefined {
  const texts = new Set<string>();
  for (const some of all) {
    if (!some) return undefined;
    for (const text of some) texts.add(text);
  }
  return texts.size > maxTexts ? undefined : [...texts];
}

function product(begins: readonly string[], ends: readonly string[]): string[] | undefined {
  if (begins.length * ends.length > maxTexts) return undefined;
  return [...new Set(begins.flatMap((begin) => ends.map((end) => begin + end)))];
}

/** The ones whose shortest is longer; of those as long, the fewer. */
function better(
  one: readonly string[] | undefined,
  other: readonly string[] | undefined,
): readonly string[] | undefined {
  if (!one || !other) return one ?? other;
  const difference = shortestOf(one) - shortestOf(other);
  if (difference !== 0) return difference > 0 ? one : other;
  return one.length <= other.length ? one : other;
}

export function shortestOf(texts: readonly string[]): number {
  return Math.min(...texts.map((text) => text.length));
}
