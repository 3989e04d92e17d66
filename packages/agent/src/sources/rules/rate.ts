import type { Points } from "./history.js";

/** How far apart from the edge of the window the first or last measurement may be, in mean distances, to reach it. */
const reach = 1.1;

type Window = { fromMs: number; toMs: number };

/** By how much a counter rose in the window, as increase() of Prometheus has it; undefined with fewer than two points. */
export function increase(points: Points, { fromMs, toMs }: Window): number | undefined {
  const last = points.length - 1;
  if (last < 1) return undefined;
  const measuredMs = points.timeAt(last) - points.timeAt(0);
  const meanMs = measuredMs / last;
  const rise = riseOf(points);
  const before = edge(points.timeAt(0) - fromMs, meanMs, msSinceZero(points.valueAt(0), rise, measuredMs));
  const after = edge(toMs - points.timeAt(last), meanMs, Infinity);
  return rise * ((measuredMs + before + after) / measuredMs);
}

/** The same per second, as rate() has it. */
export function rate(points: Points, window: Window): number | undefined {
  const rise = increase(points, window);
  return rise === undefined ? undefined : rise / ((window.toMs - window.fromMs) / 1000);
}

/** What was counted between the first and the last point; a counter that falls has begun again at zero. */
function riseOf(points: Points): number {
  let rise = points.valueAt(points.length - 1) - points.valueAt(0);
  for (let at = 1; at < points.length; at++) {
    const before = points.valueAt(at - 1);
    if (points.valueAt(at) < before) rise += before;
  }
  return rise;
}

/** A counter was never below zero: before the first point it can have risen for only so long. */
function msSinceZero(first: number, rise: number, measuredMs: number): number {
  return rise > 0 && first >= 0 ? measuredMs * (first / rise) : Infinity;
}

/** How far the rise is taken to go on beyond a point towards the edge of the window. */
function edge(awayMs: number, meanMs: number, atMostMs: number): number {
  const toEdgeMs = Math.min(awayMs, atMostMs);
  return toEdgeMs < meanMs * reach ? toEdgeMs : meanMs / 2;
}
