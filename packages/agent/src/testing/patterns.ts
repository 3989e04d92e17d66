import fc from "fast-check";

const atoms = [
  ...["a", "b", "c", "A", "_", "é", "É", "€", ".", "\\w", "\\W", "\\d", "\\s", "\\S", "\\b", "\\B", "^", "$"],
  ...["[ab]", "[^a]", "[a-cé]", "[^\\W_]", "[\\d-a]", "[]", "[^]", "\\x61", "\\u00e9", "a{", "\\.", "\\ud83e"],
];

const counts = ["*", "+", "?", "{2}", "{1,3}", "{0,2}", "{2,}", "{0}"].flatMap((count) => [count, `${count}?`]);

/** Regular expressions that are understood, with everything in them that can go wrong: loops of what may be empty, groups in loops. */
export const arbitraryPattern: fc.Arbitrary<string> = fc
  .letrec<{ pattern: string }>((tie) => {
    const inner = tie("pattern");
    return {
      pattern: fc.oneof(
        { maxDepth: 5, withCrossShrink: true },
        { weight: 4, arbitrary: fc.constantFrom(...atoms) },
        { weight: 3, arbitrary: fc.tuple(inner, inner).map((parts) => parts.join("")) },
        {
          weight: 1,
          arbitrary: fc.tuple(inner, fc.oneof(inner, fc.constant(""))).map((ways) => `(?:${ways.join("|")})`),
        },
        {
          weight: 2,
          arbitrary: fc.tuple(fc.constantFrom("(", "(?<name>"), inner).map(([open, body]) => `${open}${body})`),
        },
        {
          weight: 3,
          arbitrary: fc.tuple(inner, fc.constantFrom(...counts)).map(([body, count]) => `(?:${body})${count}`),
        },
      ),
    };
  })
  .pattern.map((text) => {
    let names = 0;
    return text.replaceAll("<name>", () => `<n${names++}>`);
  });

/** What the patterns may match now and then. */
export const arbitraryText: fc.Arbitrary<string> = fc
  .array(fc.oneof(fc.constantFrom("a", "b", "c"), fc.constantFrom(...Array.from("ABcé_É€1 .\n\r{🦉\u2028"))), {
    maxLength: 9,
  })
  .map((units) => units.join(""));
