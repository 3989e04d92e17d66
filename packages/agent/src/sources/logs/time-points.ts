/** Everything before this offset of a spool was written by this moment, in milliseconds since 1970. */
export type TimePoint = { offset: number; ms: number };

/** A spool has at most so many points; beyond, every second one of the older half is dropped, so old times become coarse. */
export const maxPoints = 4096;

/** As they stand in a file, one a line. */
export function textOfPoints(points: readonly TimePoint[]): string {
  return points.map(({ offset, ms }) => `${offset} ${ms}\n`).join("");
}

/** What can be read of a file of points: a line that is none, as after a crash, and what is out of order are left out. */
export function parsePoints(text: string): TimePoint[] {
  const points: TimePoint[] = [];
  for (const line of text.split("\n")) {
    const [, offset, ms] = /^(\d{1,16}) (\d{1,16})$/.exec(line) ?? [];
    if (offset === undefined || Number(offset) <= (points.at(-1)?.offset ?? 0)) continue;
    points.push({ offset: Number(offset), ms: Number(ms) });
  }
  return points;
}

export function thinned(points: readonly TimePoint[]): TimePoint[] {
  const half = Math.floor(points.length / 2);
  return points.filter((_, at) => at >= half || at % 2 === 1);
}
