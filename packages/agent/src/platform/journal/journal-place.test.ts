import assert from "node:assert/strict";
import { test } from "node:test";
import { argsFor, CursorSearch } from "./journal-place.js";

const places = (args: readonly string[]): string[] => args.filter((arg) => /^--(cursor|since|follow|lines)/.test(arg));

test("journalctl begins at the entry of the cursor, else at a time, else at the beginning", () => {
  assert.deepEqual(places(argsFor("db", { cursor: "s=1", timeUsec: 5 }, false)), ["--cursor=s=1"]);
  assert.deepEqual(places(argsFor("db", { timeUsec: 1_700_000_000_000_042 }, false)), ["--since=@1700000000.000042"]);
  assert.deepEqual(places(argsFor("db", { timeUsec: 42 }, false)), ["--since=@0.000042"]);
  assert.deepEqual(places(argsFor("db", {}, true)), ["--follow", "--lines=all"]);
  assert.equal(argsFor("db", {}, true)[0], "--unit=db");
});

/** What is let through of entries, and whether the one that was sought was among them. */
function search(cursor: string | undefined, ...batches: string[][]): string {
  const its = new CursorSearch(cursor);
  const rest = batches.flatMap((cursors) =>
    its.rest(cursors.map((one) => ({ cursor: one, timeUsec: 0, message: undefined }))).map((one) => one.cursor),
  );
  return `${its.state}: ${rest.join(" ")}`;
}

const at = (sequence: string, number: number, moment: number, hash: string): string =>
  `s=${sequence};i=${number};b=boot;m=${moment};t=${moment};x=${hash}`;

test("what comes after the entry of the cursor is let through, and everything where nothing is sought", () => {
  const [one, two, three] = [at("a", 1, 7, "x"), at("a", 2, 7, "x"), at("a", 3, 9, "y")];
  assert.equal(search(one, [one, two, three]), `found: ${two} ${three}`);
  assert.equal(search(one, [one], [two], [three]), `found: ${two} ${three}`);
  assert.equal(search(undefined, [one, two]), `found: ${one} ${two}`);
  assert.equal(search(one, []), "seeking: ");
});

test("an entry that is gone is not taken for another with the same text at the same moment", () => {
  const [one, two] = [at("a", 1, 7, "x"), at("a", 2, 7, "x")];
  assert.equal(search(one, [two]), `gone: ${two}`);
  assert.equal(search(one, [at("b", 1, 8, "x")]), `gone: ${at("b", 1, 8, "x")}`);
});

test("an entry that was copied to the disk is found among those of its moment", () => {
  const [first, sought, next] = [at("b", 11, 7, "x"), at("b", 12, 7, "y"), at("b", 13, 7, "z")];
  assert.equal(search(at("a", 2, 7, "y"), [first, sought, next]), `found: ${next}`);
  assert.equal(search(at("a", 2, 7, "q"), [first, at("b", 14, 8, "x")]), `gone: ${at("b", 14, 8, "x")}`);
});
