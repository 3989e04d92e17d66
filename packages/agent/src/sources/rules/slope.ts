import type { Points } from "./history.js";

/** The slope per second of the line that fits best, as deriv() of Prometheus has it; undefined with fewer than two points. */
export function slope(points: Points): number | undefined {
  const count = points.length;
  if (count < 2) return undefined;
  const begin = points.timeAt(0);
  let [meanX, meanY] = [0, 0];
  let isConstant = true;
  for (let at = 0; at < count; at++) {
    meanX += (points.timeAt(at) - begin) / 1000 / count;
    meanY += points.valueAt(at) / count;
    isConstant &&= points.valueAt(at) === points.valueAt(0);
  }
  if (isConstant) return Number.isFinite(meanY) ? 0 : NaN;
  let [covariance, variance] = [0, 0];
  for (let at = 0; at < count; at++) {
    const x = (points.timeAt(at) - begin) / 1000 - meanX;
    covariance += x * (points.valueAt(at) - meanY);
    variance += x * x;
  }
  return covariance / variance;
}
