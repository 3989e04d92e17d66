import assert from "node:assert/strict";
import { test } from "node:test";
import { cadence } from "./cadence.js";
import { aggregated, compare } from "./compare.js";
import { History, type Points } from "./history.js";
import { quantile } from "./quantile.js";
import { increase, rate } from "./rate.js";
import { slope } from "./slope.js";

/** A series of `second:value`. */
function points(text: string): Points {
  const history = new History(600_000);
  for (const one of text.split(" ").filter(Boolean)) {
    const [second, value] = one.split(":");
    history.add(Number(second) * 1000, Number(value));
  }
  return history.between(0, Infinity);
}

const window = (fromS: number, toS: number) => ({ fromMs: fromS * 1000, toMs: toS * 1000 });

test("a counter's increase is extrapolated to its window, over resets, and never below zero", () => {
  const table: [series: string, fromS: number, toS: number, rise: number | undefined][] = [
    ["0:0 15:1 30:2 45:3 60:4", 0, 60, 4],
    ["5:100 20:101 35:102 50:103", 0, 60, 4],
    ["0:5 15:6 30:1 45:2", 0, 45, 3],
    ["10:0 25:3", 0, 30, 4],
    ["40:100 55:101", 0, 60, 1 * ((15 + 7.5 + 5) / 15)],
    ["0:7 60:7", 0, 60, 0],
    ["30:1", 0, 60, undefined],
    ["", 0, 60, undefined],
  ];
  for (const [series, from, to, rise] of table) assert.equal(increase(points(series), window(from, to)), rise, series);
  assert.equal(rate(points("0:0 60:30"), window(0, 60)), 0.5);
});

test("a slope is that of the line that fits best", () => {
  const table: [series: string, slope: number | undefined][] = [
    ["0:0 10:20 20:40", 2],
    ["0:10 10:0", -1],
    ["0:0 1:2 2:1 3:3", 0.8],
    ["0:7 10:7 20:7", 0],
    ["0:7", undefined],
  ];
  for (const [series, found] of table) assert.equal(slope(points(series)), found, series);
});

test("a quantile is linear within its bucket, and knows no more than the last bound", () => {
  const buckets = (...counts: number[]) => [1, 2, Infinity].map((le, at) => ({ le, count: counts[at] ?? 0 }));
  assert.equal(quantile(0.5, buckets(0, 10, 10)), 1.5);
  assert.equal(quantile(0.5, buckets(10, 10, 10)), 0.5);
  assert.equal(quantile(0.99, buckets(0, 0, 10)), 2);
  assert.equal(quantile(0.75, buckets(4, 3, 8)), 2, "buckets that fall are taken as level");
  assert.equal(quantile(0.5, buckets(0, 0, 0)), NaN);
  assert.equal(quantile(0.5, [{ le: 1, count: 3 }]), NaN);
  assert.equal(quantile(0.5, []), NaN);
});

test("a counter that must rise every minute is late, early, or on time", () => {
  const rhythm = { everyMs: 60_000, toleranceMs: 10_000 };
  const table: [series: string, atS: number, verdict: string][] = [
    ["0:2 30:2", 30, "on-time"],
    ["0:2 30:2 69:2", 69, "on-time"],
    ["0:2 30:2 70:2", 70, "late"],
    ["0:2 59:2 60:3 120:3", 120, "on-time"],
    ["0:2 60:3 120:3 131:3", 131, "late"],
    ["0:2 59:2 60:3 75:4", 75, "early"],
    ["0:2 59:2 60:5 75:5", 75, "on-time"],
    ["0:2 60:3 75:1 80:1", 80, "on-time"],
    ["0:9 60:1 120:1 130:1", 130, "late"],
    ["", 500, "on-time"],
  ];
  for (const [series, atS, verdict] of table)
    assert.equal(cadence(points(series), atS * 1000, rhythm).is, verdict, `${series} at ${atS}`);
});

test("comparisons and aggregates are those of Prometheus", () => {
  const said = ([">", ">=", "<", "<=", "==", "!="] as const).filter((op) => compare(1, op, 1));
  assert.deepEqual(said, [">=", "<=", "=="]);
  assert.deepEqual([compare(NaN, "==", 1), compare(NaN, "!=", 1)], [false, true]);
  const how = (["sum", "avg", "count", "max", "min"] as const).map((one) => aggregated([1, NaN, 5], one));
  assert.deepEqual(how, [NaN, NaN, 3, 5, 1]);
  assert.equal(aggregated([], "sum"), undefined);
});

test("a series keeps its window and the last measurement before it, and in order only", () => {
  const history = new History(60_000);
  for (let s = 0; s <= 600; s += 10) history.add(s * 1000, s);
  history.add(5000, 5);
  assert.deepEqual([history.timeAt(0), history.length, history.lastMs], [540_000, 7, 600_000]);
  history.add(605_000, 605);
  assert.deepEqual([history.timeAt(0), history.length], [540_000, 8]);
  const seen = history.between(550_000, 600_000);
  assert.deepEqual([seen.timeAt(0), seen.valueAt(seen.length - 1), seen.length], [550_000, 600, 6]);
});

test("a series of a long window has a bound", () => {
  const history = new History(24 * 3600 * 1000);
  for (let s = 0; s <= 2 * 24 * 3600; s += 5) history.add(s * 1000, s);
  assert.ok(history.length <= 8194, `${history.length} are kept`);
  assert.ok(history.timeAt(0) <= 24 * 3600 * 1000, "the whole window is covered");
});
