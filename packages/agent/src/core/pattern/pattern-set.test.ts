import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { arbitraryPattern } from "../../testing/patterns.js";
import { textOf } from "../lines/clean-line.js";
import { Filters } from "./filters.js";
import { Pattern, type PatternMatch } from "./pattern.js";
import { PatternSet, type MatchedLine } from "./pattern-set.js";
import { States } from "./states.js";

type Told = { start: number; end: number; text: string; found: { index: number; match: PatternMatch }[] };

const told = ({ found, ...line }: MatchedLine): Told => ({
  ...line,
  found: found.map(({ index, match }) => ({ index, match })),
});

function scanned(set: PatternSet, block: Uint8Array): { lines: number; told: Told[] } {
  const all: Told[] = [];
  const lines = set.scan(block, (line) => all.push(told(line)));
  return { lines, told: all };
}

/** Each pattern on each line, by itself. */
function expected(patterns: readonly Pattern[], block: Uint8Array): { lines: number; told: Told[] } {
  const all: Told[] = [];
  let lines = 0;
  for (let start = 0; start < block.length; lines++) {
    const at = block.indexOf(10, start);
    const end = at < 0 ? block.length : at;
    const text = textOf(block, start, end);
    const found = patterns.flatMap((pattern, index) => {
      const match = pattern.execLikely(text);
      return match ? [{ index, match }] : [];
    });
    if (found.length > 0) all.push({ start, end, text, found });
    start = end + 1;
  }
  return { lines, told: all };
}

const pieces = [
  ...["a", "b", "c", "A", "_", "1", " ", "é", "É", "€", "🦉", "\n", "\n", "\r\n", "\r", "\0", "\x1b[31m", "\x1b"].map(
    (text) => Buffer.from(text),
  ),
  Buffer.from([0xff]),
  Buffer.from([0xe2, 0x82]),
];

const arbitraryBlock = fc
  .tuple(fc.array(fc.nat(pieces.length - 1), { maxLength: 60 }), fc.constantFrom(1, 1, 1, 200))
  .map(([some, times]) =>
    Buffer.concat(
      Array<number[]>(times)
        .fill(some)
        .flat()
        .map((at) => pieces[at] ?? Buffer.alloc(0)),
    ),
  );

const arbitraryPatterns = fc
  .array(fc.tuple(arbitraryPattern, fc.boolean(), fc.boolean()), { maxLength: 5 })
  .map((all) =>
    all.flatMap(([source, caseSensitive, multiline]) => {
      try {
        return [Pattern.parse(source, { caseSensitive, multiline })];
      } catch {
        return []; // Too large.
      }
    }),
  );

const limits = fc.constantFrom(
  undefined,
  { maxTableBytes: 0, maxWays: 1, maxWork: Infinity },
  { maxTableBytes: 32 * 1024, maxWays: 1000, maxWork: 3000 },
  { maxTableBytes: 0, maxWays: 1, maxWork: 100 },
);

test("a set finds in a block what its patterns find in its lines, also when its states do not fit", () => {
  fc.assert(
    fc.property(arbitraryPatterns, fc.array(arbitraryBlock, { maxLength: 3 }), limits, (patterns, blocks, its) => {
      const set = new PatternSet(patterns, its);
      for (const block of blocks) assert.deepEqual(scanned(set, block), expected(patterns, block));
    }),
    { numRuns: 1000 },
  );
});

test("a line is matched as one sees it", () => {
  const set = new PatternSet([Pattern.parse("^peer (?<id>\\w+) lost$")]);
  const block = Buffer.from("\0\0\0\x1b[1;31mpeer\x1b[0m 4f lost\r\nPEER é lost\npeer 5 lost\n");
  assert.deepEqual(
    scanned(set, block).told.map(({ text, found: [its] }) => [text, its?.match.groups.id]),
    [
      ["peer 4f lost", "4f"],
      ["peer 5 lost", "5"],
    ],
  );
});

test("a long line is one line", () => {
  const long = `${"x".repeat(256 * 1024)} end`;
  const { lines, told: all } = scanned(new PatternSet([Pattern.parse("x end$")]), Buffer.from(`a\n${long}\nb\n`));
  assert.deepEqual([lines, all.length, all[0]?.text.length], [3, 1, long.length]);
});

test("a set without patterns counts lines", () => {
  assert.deepEqual(scanned(new PatternSet([]), Buffer.from("a\n\nb\n")), { lines: 3, told: [] });
});

test("a pattern that would need too many states does not keep the others from theirs", () => {
  const patterns = ["a.{60}c", "b.{70}c", "cab", "^a"].map((source) => Pattern.parse(source));
  const some = Array.from({ length: 20_000 }, (_, at) => "ab"[(at * at * 7 + at * 3 + (at >> 5)) & 1] ?? "");
  const text = `${some.join("").replaceAll(/.{997}/g, "$&\n")}cab\n`;
  const its = { maxTableBytes: 64 * 1024, maxWays: 10_000, maxWork: 20_000 };
  const programs = patterns.map(({ program }) => program);
  assert.deepEqual(new Filters(programs, its).scan(Buffer.from(text)).unfiltered, [0, 1]);
  const set = new PatternSet(patterns, its);
  for (let round = 0; round < 3; round++)
    assert.deepEqual(scanned(set, Buffer.from(text)), expected(patterns, Buffer.from(text)));
});

test("the table never becomes larger than it may", () => {
  const { program } = Pattern.parse("[ab]*a[ab]{12}c");
  const maxTableBytes = 128 * 1024;
  const states = new States([program], { maxTableBytes, maxWays: Infinity, maxWork: Infinity });
  let state = states.start;
  let renewals = 0;
  let seed = 1;
  for (let at = 0; at < 50_000; at++) {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    const entry = states.table[state + ((seed >>> 16) % 2 === 0 ? 97 : 98)] ?? 0;
    state = entry < 0 ? states.turnOf(entry).next : entry;
    if (states.isFull) {
      [state = states.start] = states.renew([state]);
      renewals++;
    }
    assert.ok(states.table.byteLength <= 2 * maxTableBytes);
  }
  assert.ok(renewals > 0);
});

test("patterns that would take too many steps give a line up and say so; the others find theirs", () => {
  const costly = Array.from({ length: 40 }, (_, at) => Pattern.parse(`a.{${300 + at}}c`));
  const set = new PatternSet([Pattern.parse("^ab"), ...costly, Pattern.parse("b$")]);
  const line = `${"ab".repeat(64 * 1024)}\n`;
  const found: number[] = [];
  const before = costly.reduce((sum, { steps }) => sum + steps, 0);
  set.scan(Buffer.from(`${line}ab\n`), (its) => found.push(...its.found.map(({ index }) => index)));
  assert.deepEqual(found, [0, costly.length + 1, 0, costly.length + 1]);
  const givenUp = set.takeGivenUp();
  assert.ok(givenUp.length > 0 && givenUp.every((index) => index >= 1 && index <= costly.length));
  assert.deepEqual(set.takeGivenUp(), []);
  assert.ok(costly.reduce((sum, { steps }) => sum + steps, 0) - before < 20_000_000);
});
