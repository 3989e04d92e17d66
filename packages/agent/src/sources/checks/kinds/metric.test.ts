import assert from "node:assert/strict";
import { test } from "node:test";
import { metricCheck } from "../../../config/checks/metric.js";
import type { Reading, Sight } from "../../../core/series.js";
import { metricProbe } from "./metric.js";

const nowMs = 1_000_000;

/** What a metric check finds when its metric looks like this: `ok`, a warning with `!`, or why it failed. */
async function found(sight: Sight, settings: object): Promise<string> {
  const check = metricCheck.parse({ name: "peers", kind: "metric", metric: "peers", ...settings });
  const verdict = await metricProbe(
    check,
    "web",
    () => sight,
    () => nowMs,
  )(AbortSignal.timeout(1000));
  if (!verdict.ok) return verdict.reason;
  return verdict.warning === undefined ? "ok" : `! ${verdict.warning}`;
}

const seen = (...values: number[]): Sight => ({
  is: "seen",
  readings: values.map((value, at): Reading => ({
    labels: { service: "web", to: `p${at}` },
    value,
    atMs: nowMs - 5000,
  })),
});

test("a metric within its bounds passes, and one beyond them says by how much", async () => {
  assert.equal(await found(seen(3), { at_least: 1 }), "ok");
  assert.equal(await found(seen(0), { at_least: 1 }), 'peers{to="p0"} is 0, less than 1');
  assert.equal(await found(seen(9), { at_most: 5 }), 'peers{to="p0"} is 9, more than 5');
  assert.equal(await found(seen(9), { equals: 8 }), 'peers{to="p0"} is 9, not 8');
});

test("between good and bad it warns", async () => {
  assert.equal(await found(seen(3), { at_least: 1, warn_at_least: 5 }), '! peers{to="p0"} is 3, less than 5');
  assert.equal(await found(seen(0), { at_least: 1, warn_at_least: 5 }), 'peers{to="p0"} is 0, less than 1');
});

test("without an aggregate every series has to pass, with one their sum, least or greatest", async () => {
  assert.equal(await found(seen(3, 0), { at_least: 1 }), 'peers{to="p1"} is 0, less than 1');
  assert.equal(await found(seen(3, 0), { at_least: 1, aggregate: "sum" }), "ok");
  assert.equal(await found(seen(3, 1), { at_least: 2, aggregate: "min" }), "least peers is 1, less than 2");
  assert.equal(await found(seen(3, 1), { at_most: 2, aggregate: "max" }), "greatest peers is 3, more than 2");
});

test("what is absent is not zero, and what cannot be reached is neither", async () => {
  const limits = { at_most: 5 };
  assert.equal(await found({ is: "absent", reason: "no such series" }, limits), "peers is absent: no such series");
  assert.equal(await found({ is: "unreachable", reason: "refused" }, limits), "peers is unreachable: refused");
});

test("a number that is too old says nothing", async () => {
  assert.equal(await found(seen(3), { at_least: 1, max_age: 5 }), "ok");
  assert.equal(await found(seen(3), { at_least: 1, max_age: 4 }), "peers was measured 5 s ago, longer than 4 s");
});

test("a check without any bound is refused", () => {
  assert.throws(() => metricCheck.parse({ name: "peers", kind: "metric", metric: "peers" }), /needs at least one of/);
});
