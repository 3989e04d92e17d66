import assert from "node:assert/strict";
import { test } from "node:test";
import { parsePoints, textOfPoints, thinned } from "./time-points.js";

const points = [1, 2, 3, 4, 5, 6, 7, 8].map((n) => ({ offset: n * 10, ms: n * 1000 }));

test("points are read as they were written, and what a crash left is no point", () => {
  assert.deepEqual(parsePoints(textOfPoints(points)), points);
  assert.deepEqual(parsePoints("10 1000\n20 20"), [
    { offset: 10, ms: 1000 },
    { offset: 20, ms: 20 },
  ]);
  assert.deepEqual(parsePoints("10 1000\n\u0000\u0000\n5 2000\nx\n30"), [{ offset: 10, ms: 1000 }]);
  assert.deepEqual(parsePoints(""), []);
});

test("of the older half every second point goes, and of the newer half none", () => {
  assert.deepEqual(
    thinned(points).map(({ offset }) => offset),
    [20, 40, 50, 60, 70, 80],
  );
  assert.deepEqual(thinned([]), []);
});
