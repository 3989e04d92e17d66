import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeRecord } from "./record.js";
import { scan } from "./scan.js";

const line = (seq: number): string => encodeRecord({ kind: "event", seq, json: `{"n":${seq}}` });
const broken = (seq: number): string => line(seq).replace('"n"', '"m"');

/** What is found in these lines: seqs, bytes that stay, damaged lines at the end. */
function walk(...lines: string[]): string {
  const { records, wholeBytes, damagedAtEnd } = scan(Buffer.from(lines.join("")));
  return `${records.map(({ seq }) => seq).join(" ")} | ${wholeBytes} | ${damagedAtEnd}`;
}
const length = (...lines: string[]): number => lines.join("").length;

test("whole records are read to the end", () => {
  assert.equal(walk(line(1), line(2)), `1 2 | ${length(line(1), line(2))} | 0`);
});

test("nothing is in an empty segment", () => {
  assert.equal(walk(), " | 0 | 0");
});

test("a torn tail is no damage, and does not stay", () => {
  assert.equal(walk(line(1), line(2).slice(0, 20)), `1 | ${length(line(1))} | 0`);
  assert.equal(walk(line(1), line(2).slice(0, -1)), `1 | ${length(line(1))} | 0`);
});

test("damage in the middle is stepped over, and stays where it is", () => {
  assert.equal(walk(line(1), broken(2), broken(3), line(4)), `1 4 | ${length(line(1), line(2), line(3), line(4))} | 0`);
});

test("damaged lines at the end are counted, and stay as a mark of what was lost", () => {
  assert.equal(walk(line(1), broken(2), broken(3)), `1 | ${length(line(1), line(2), line(3))} | 2`);
  assert.equal(walk(broken(1)), ` | ${length(line(1))} | 1`);
});

test("behind damaged lines a torn tail does not stay", () => {
  assert.equal(walk(line(1), broken(2), line(3).slice(0, 20)), `1 | ${length(line(1), line(2))} | 1`);
});

test("a whole last line whose newline is damaged counts as lost", () => {
  assert.equal(walk(line(1), `${line(2).slice(0, -1)} `), `1 | ${length(line(1))} | 1`);
});
