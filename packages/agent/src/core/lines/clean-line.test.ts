import assert from "node:assert/strict";
import { test } from "node:test";
import { textOf } from "./clean-line.js";

const clean = (text: string | Buffer): string => {
  const bytes = Buffer.concat([Buffer.from("before\n"), Buffer.from(text as string), Buffer.from("\nafter")]);
  return textOf(bytes, 7, bytes.length - 6);
};

const lines: readonly (readonly [what: string, line: string, seen: string])[] = [
  ["a plain line", "up é🦉", "up é🦉"],
  ["colours", "\x1b[1;32mINFO\x1b[0m up \x1b[38;2;1;2;3mx\x1b[m", "INFO up x"],
  ["movements of the cursor", "\x1b[2K\x1b[1Gup\x1b[?25h", "up"],
  ["titles and links", "\x1b]0;title\x07up \x1b]8;;http://a\x1b\\link\x1b]8;;\x1b\\", "up link"],
  ["strings for the terminal", "\x1bPq#0\x1b\\up\x1b_x\x1b\\", "up"],
  ["other sequences", "\x1b(Bup\x1b=\x1b7", "up"],
  ["what has no end, of which nothing is hidden", "\x1b]0;up", "0;up"],
  ["a lone escape", "up\x1b", "up"],
  ["a sequence that was cut off", "up\x1b[3", "up"],
  ["the end of lines elsewhere", "up\r", "up"],
  ["carriage returns before a colour's end", "up\r\r\x1b[0m", "up"],
  ["a carriage return within", "10%\r20%", "10%\r20%"],
  ["zeros of a hole", "\0\0\0up", "up"],
];

for (const [what, line, seen] of lines)
  test(`of ${what} one sees the text`, () => {
    assert.equal(clean(line), seen);
  });

test("bytes that are no UTF-8 are seen as such", () => {
  assert.equal(clean(Buffer.from([0x61, 0xff, 0xe2, 0x82, 0x62])), "a\ufffd\ufffdb");
});

test("what looks like the beginning of many sequences costs no more than its length", () => {
  for (const part of ["\x1b[", "\x1b]x", "\x1b[0;", "\r"]) assert.equal(clean(`${part.repeat(50_000)}é`).at(-1), "é");
  assert.equal(clean(`\x1b]${"x".repeat(200_000)}`).length, 200_000);
});
