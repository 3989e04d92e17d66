import assert from "node:assert/strict";
import { test } from "node:test";
import { maxLabelSets, Tally, type Tallied } from "./tally.js";

/** A metric, and its series as they are shown. */
function tally(its: Partial<Tallied>) {
  const how = { type: "histogram", help: "", buckets: [0.5, 1], fixed: {}, varying: [], ...its } as const;
  const all = new Tally("n", how);
  return {
    add: all.add.bind(all),
    shown: () =>
      all
        .families()
        .flatMap(({ points }) => points.map(({ name, labels, value }) => `${name}${JSON.stringify(labels)} ${value}`)),
  };
}

test("a histogram counts in every bucket that is wide enough, its bound included", () => {
  const its = tally({ fixed: { app: "a" } });
  for (const value of [0.25, 0.5, 0.75, 30]) its.add(value);
  assert.deepEqual(its.shown(), [
    'n_bucket{"app":"a","le":"0.5"} 2',
    'n_bucket{"app":"a","le":"1"} 3',
    'n_bucket{"app":"a","le":"+Inf"} 4',
    'n_sum{"app":"a"} 31.5',
    'n_count{"app":"a"} 4',
  ]);
});

test("a counter has the sum and never falls, a gauge the last", () => {
  const [counter, gauge] = [tally({ type: "counter" }), tally({ type: "gauge" })];
  for (const value of [2, 3, -1]) for (const its of [counter, gauge]) its.add(value);
  assert.deepEqual([counter.shown(), gauge.shown()], [["n{} 5"], ["n{} -1"]]);
});

test("before anything has come, a counter and a histogram are 0, a gauge and what has labels of its own are absent", () => {
  assert.deepEqual(tally({ type: "counter" }).shown(), ["n{} 0"]);
  assert.equal(tally({}).shown().at(-1), "n_count{} 0");
  assert.deepEqual(tally({ type: "gauge" }).shown(), []);
  assert.deepEqual(tally({ type: "counter", varying: ["code"] }).shown(), []);
});

test("each set of labels counts for itself, up to a bound; all beyond it count as one", () => {
  const its = tally({ type: "counter", fixed: { app: "a" }, varying: ["ip"] });
  for (let ip = 0; ip < maxLabelSets + 10; ip++) its.add(1, { ip: String(ip) });
  its.add(1, { ip: "0" });
  const shown = its.shown();
  assert.equal(shown.length, maxLabelSets + 1);
  assert.deepEqual([shown[0], shown.at(-1)], ['n{"app":"a","ip":"0"} 2', 'n{"app":"a","ip":"other"} 10']);
});

test("a label that is absent is empty, and a long one is cut", () => {
  const its = tally({ type: "counter", varying: ["path"] });
  its.add(1);
  its.add(1, { path: "x".repeat(1000) });
  assert.deepEqual(its.shown(), ['n{"path":""} 1', `n{"path":"${"x".repeat(200)}"} 1`]);
});

test("what one has added up, the next goes on with", () => {
  const how = { type: "counter", help: "", buckets: [], fixed: {}, varying: ["ip"] } as const;
  const first = new Tally("n", how);
  first.add(2, { ip: "a" });
  const next = new Tally("n", how, JSON.parse(JSON.stringify(first.sums)) as typeof first.sums);
  next.add(3, { ip: "a" });
  assert.deepEqual(next.families()[0]?.points, [{ name: "n", labels: { ip: "a" }, value: 5 }]);
});
