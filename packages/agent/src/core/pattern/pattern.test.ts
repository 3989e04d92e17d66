import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { OstlerError } from "@ostler/protocol";
import { arbitraryPattern, arbitraryText } from "../../testing/patterns.js";
import { Pattern, type PatternMatch } from "./pattern.js";

/** JavaScript's own engine, and ours; nothing where a pattern has become too large, or V8 does not know it. */
function both(source: string, caseSensitive: boolean, multiline: boolean): [RegExp, Pattern] | undefined {
  try {
    const flags = `${caseSensitive ? "" : "i"}${multiline ? "m" : ""}`;
    return [new RegExp(source, flags), Pattern.parse(source, { caseSensitive, multiline })];
  } catch (failure) {
    if (failure instanceof OstlerError && failure.message.startsWith("The pattern is too large")) return undefined;
    throw failure;
  }
}

test("a pattern matches where and what JavaScript's own engine matches", () => {
  fc.assert(
    fc.property(
      arbitraryPattern,
      fc.array(arbitraryText, { minLength: 1, maxLength: 6 }),
      fc.boolean(),
      fc.boolean(),
      (source, texts, caseSensitive, multiline) => {
        const [regex, pattern] = both(source, caseSensitive, multiline) ?? [];
        if (!regex || !pattern) return;
        for (const text of texts) {
          const theirs = regex.exec(text);
          const ours: PatternMatch | undefined = pattern.exec(text);
          assert.deepEqual(
            ours && { at: ours.start, all: [ours.text, ...ours.captures], named: ours.groups },
            theirs ? { at: theirs.index, all: [...theirs], named: { ...theirs.groups } } : undefined,
            `${String(regex)} on ${JSON.stringify(text)}`,
          );
          assert.equal(pattern.test(text), regex.test(text));
          assert.deepEqual(pattern.execLikely(text), ours);
        }
      },
    ),
    { numRuns: 3000 },
  );
});

test("letter case does not matter unless it is asked for, beyond ASCII as in JavaScript", () => {
  const units = Array.from({ length: 0x3000 }, (_, unit) => unit).filter((unit) => unit < 0x600 || unit > 0x1d00);
  for (const source of [
    "[k-s\u00b5\u00df]",
    "[^\u03c3]",
    "\u01c5",
    "[\u0400-\u0410]",
    "\u1e9e",
    "\u0131",
    "\u2126",
    "\\w",
  ]) {
    const regex = new RegExp(`^${source}$`, "i");
    const pattern = Pattern.parse(`^${source}$`);
    const differ = units.filter((unit) => {
      const text = String.fromCharCode(unit);
      return regex.test(text) !== (pattern.execLikely(text) !== undefined);
    });
    assert.deepEqual(differ, [], source);
  }
  assert.equal(Pattern.parse("error", { caseSensitive: true }).test("ERROR"), false);
});

const endless: readonly (readonly [pattern: string, text: string])[] = [
  ["(a+)+$", "a"],
  ["(a|aa)+$", "a"],
  ["(a|a)*b", "a"],
  ["^(.*a){20}$", "a"],
  ["(x+x+)+y", "x"],
  ["(.*)*=(.*)*;", "=x"],
  ["^(([a-z])+.)+[A-Z]([a-z])+$", "a"],
  ["(?:a?){100}a{100}c", "a"],
  ["a.{100}b", "ac"],
  ["((a*)*)*b", "a"],
];

for (const [source, unit] of endless)
  test(`${source} takes work in proportion to the text`, () => {
    const work = (length: number): number => {
      const pattern = Pattern.parse(source, { caseSensitive: true });
      const text = `${unit.repeat(length / unit.length)}!`;
      assert.equal(pattern.test(text), false);
      assert.equal(pattern.execLikely(text), undefined);
      return pattern.steps;
    };
    const [little, much] = [work(16 * 1024), work(64 * 1024)];
    assert.ok(much < 4.2 * little, `${little} steps became ${much}`);
  });
