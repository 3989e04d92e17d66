import assert from "node:assert/strict";
import { appendFileSync, existsSync, readFileSync, statSync } from "node:fs";
import { test } from "node:test";
import { tempDir } from "../../testing/temp-dir.js";
import { OutputTimes } from "./output-times.js";
import { maxPoints } from "./time-points.js";

test("each growth is noted, and another agent goes on where the one before ended", async () => {
  using dir = tempDir();
  const times = new OutputTimes(dir.at("times"));
  await times.note("web.main.stdout", 10, 1000.4);
  await times.note("web.main.stdout", 10, 2000);
  await times.note("web.main.stdout", 30, 3000);
  appendFileSync(dir.at("times/web.main.stdout"), "4");
  const next = new OutputTimes(dir.at("times"));
  await next.note("web.main.stdout", 30, 4000);
  await next.note("web.main.stdout", 40, 5000);
  assert.equal(readFileSync(dir.at("times/web.main.stdout"), "utf8"), "10 1000\n30 3000\n40 5000\n");
  assert.equal((statSync(dir.at("times")).mode & 0o077) + (statSync(dir.at("times/web.main.stdout")).mode & 0o077), 0);
});

test("a spool that was emptied begins anew, and what was given back has no points", async () => {
  using dir = tempDir();
  const times = new OutputTimes(dir.path);
  for (const n of [1, 2, 3, 4]) await times.note("s", n * 10, n);
  await times.freed("s", 20);
  assert.deepEqual(await times.of("s"), [
    { offset: 30, ms: 3 },
    { offset: 40, ms: 4 },
  ]);
  await times.note("s", 5, 5);
  assert.deepEqual(await times.of("s"), [{ offset: 5, ms: 5 }]);
  await times.note("s", 0, 6);
  await times.note("s", 7, 7);
  assert.deepEqual(await times.of("s"), [{ offset: 7, ms: 7 }]);
});

test("points do not become more and more, and the newest are all there", async () => {
  using dir = tempDir();
  const times = new OutputTimes(dir.path);
  const last = maxPoints + 1500;
  for (let n = 1; n <= last; n++) await times.note("s", n, n);
  const points = await times.of("s");
  assert.ok(points.length <= maxPoints, `${points.length} points`);
  assert.ok((points[0]?.ms ?? Infinity) < 10, "the beginning is known");
  assert.deepEqual(
    points.slice(-1500).map(({ ms }) => ms),
    Array.from({ length: 1500 }, (_, at) => last - 1499 + at),
  );
});

test("of a spool that is gone nothing is left", async () => {
  using dir = tempDir();
  const times = new OutputTimes(dir.path);
  await times.note("old", 1, 1);
  await times.note("new", 1, 1);
  await times.keepOnly(["new"]);
  assert.deepEqual([existsSync(dir.at("old")), existsSync(dir.at("new"))], [false, true]);
  await new OutputTimes(dir.at("none")).keepOnly([]);
});
