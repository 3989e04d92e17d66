import assert from "node:assert/strict";
import { test } from "node:test";
import { nothingSince } from "./place.js";
import { WhereToBegin, type Since } from "./where-to-begin.js";

const [path, globs] = ["/l/a.log", ["/l/*.log", "/l/a.*"]];
const since: Since = { ms: 5000, globs: ["/l/a.*"] };
const place = { ...nothingSince(0), offset: 7 };

function begun(since: Since | undefined, bornMs: number | undefined, happens?: (where: WhereToBegin) => void): string {
  const where = new WhereToBegin(globs, since, 9000);
  happens?.(where);
  const position = where.of(path, bornMs === undefined ? undefined : { bornMs });
  if (!position) return "as asked";
  return position.offset > 0 ? "goes on" : `since ${position.modifiedMs + 100}`;
}

test("what was there when somebody looked first is begun as is asked; what came later at its beginning", () => {
  assert.equal(begun(undefined, 8000), "as asked");
  assert.equal(begun(undefined, 9001), "since 9000");
  assert.equal(begun(undefined, undefined), "as asked");
  assert.equal(begun({ ms: 5000, globs: [] }, 4000), "as asked");
  assert.equal(begun({ ms: 5000, globs: ["/l/b.log"] }, 5001), "since 5000");
});

test("what is found under a glob that was looked for before came after that", () => {
  assert.equal(begun(since, 4000), "since 5000");
  assert.equal(begun(since, undefined), "since 5000");
  assert.equal(
    begun(undefined, 4000, (where) => where.looked("/l/*.log", 9500)),
    "since 9500",
  );
});

test("a file that comes back is gone on with, and another one in its place is not", () => {
  const leave = (where: WhereToBegin): void => where.left(path, place, 9700);
  assert.equal(begun(undefined, 4000, leave), "goes on");
  assert.equal(begun(since, 9800, leave), "since 5000");
});
