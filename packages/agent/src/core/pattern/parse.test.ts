import assert from "node:assert/strict";
import { test } from "node:test";
import { Pattern } from "./pattern.js";

/** What is refused, and what is said of it. */
const refused: readonly (readonly [text: string, said: RegExp])[] = [
  ["a(?=b)", /^A lookahead cannot be matched in linear time; .*, at character 2 of "a\(\?=b\)"$/],
  ["(?!b)", /^A lookahead .*, at character 1 /],
  ["x(?<=b)a", /^A lookbehind .*, at character 2 /],
  ["(?<!b)a", /^A lookbehind /],
  ["(a)\\1", /^A backreference .*, at character 4 /],
  ["(?<a>b)\\k<a>", /^A backreference .*, at character 8 /],
  ["(?i)error", /^Flags are not known; whether letter case counts is said beside the pattern, at character 1 /],
  ["(?i:a)", /^Flags are not known/],
  ["(?P<a>b)", /^\(\?P is not known; write \(\?<name>…\)/],
  ["(?>a)", /write \(\?:…\)/],
  ["(?<1>a)", /^\(\? must go on as/],
  ["(?<a>b)|(?<a>c)", /^There are two groups a, at character 9 /],
  ["(up", /^\( is not closed; .*write \\\(, at character 1 /],
  ["up)", /^\) closes nothing; .*, at character 3 /],
  ["[up", /^\[ is not closed/],
  ["[b-a]", /^The range ends before it begins, at character 2 /],
  ["*a", /^There is nothing to repeat; .*, at character 1 /],
  ["a**", /^There is nothing to repeat; .*, at character 3 /],
  ["^*", /^There is nothing to repeat/],
  ["{2}", /^There is nothing to repeat/],
  ["a{3,2}", /^The count ends before it begins/],
  ["a{1001}", /^Counts go up to 1000; .* write \* or \{1000,\}/],
  ["a{2,1001}", /write \* or \{2,\}/],
  ["(a{50}){50}", /^The pattern is too large: .*more than 2000 steps/],
  ["(?:(?:(?:){1000}){1000}){1000}", /^The pattern is too large/],
  ["a\\", /^A backslash ends the pattern/],
  ["\\Aa", /^\\A is not known; write \^/],
  ["a\\z", /write \$/],
  ["\\p{L}", /write the ranges/],
  ["\\q", /^\\q has no meaning, at character 1 /],
  ["\\x1", /^\\x needs two hexadecimal digits/],
  ["\\u{61}", /^\\u needs four/],
  ["\\c1", /^\\c needs a letter/],
  ["\\012", /^Octal numbers are not known; write \\x/],
  ["(".repeat(300), /^More than 200 groups stand within each other/],
];

for (const [text, said] of refused)
  test(`${text.slice(0, 40)} is refused with what is wrong and where`, () => {
    assert.throws(() => Pattern.parse(text), { code: "bad-request", message: said });
  });

test("what JavaScript takes for text is text", () => {
  for (const [pattern, text] of [
    ["a{", "a{"],
    ["a{,2}", "a{,2}"],
    ["a{1,2", "a{1,2"],
    ["a]}", "a]}"],
    ["[a-]-", "--"],
    ["[\\b]\\/\\-\\cJ", "\b/-\n"],
    ["[\\d-x]{3}", "1-x"],
  ] as const)
    assert.equal(Pattern.parse(pattern).exec(text)?.text, text, pattern);
});

test("a pattern knows the names of its groups, in their order", () => {
  assert.deepEqual(Pattern.parse("(?<b>x)(y)(?<a>(?<c_1>z))").groupNames, ["b", "a", "c_1"]);
});
