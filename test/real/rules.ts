import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The agent's own parts, where a test compares them with another program's. */
const dist = fileURLToPath(new URL("../../../packages/agent/dist/", import.meta.url));
const inside = (path: string): Promise<unknown> => import(join(dist, path));

type Of<T> = Promise<T>;
export const [
  { Rules },
  { evaluate, looksOf },
  { Looks },
  { rulesOf },
  { promqlOf },
  { FakeClock },
  { Bus },
  { loadConfigOrThrow },
  { fillIn },
] = await Promise.all([
  inside("sources/rules/rules.js") as Of<typeof import("../../packages/agent/dist/sources/rules/rules.js")>,
  inside("sources/rules/evaluate.js") as Of<typeof import("../../packages/agent/dist/sources/rules/evaluate.js")>,
  inside("sources/rules/looks.js") as Of<typeof import("../../packages/agent/dist/sources/rules/looks.js")>,
  inside("config/rules/rules.js") as Of<typeof import("../../packages/agent/dist/config/rules/rules.js")>,
  inside("cli/exports/promql.js") as Of<typeof import("../../packages/agent/dist/cli/exports/promql.js")>,
  inside("testing/fake-clock.js") as Of<typeof import("../../packages/agent/dist/testing/fake-clock.js")>,
  inside("core/bus.js") as Of<typeof import("../../packages/agent/dist/core/bus.js")>,
  inside("config/load.js") as Of<typeof import("../../packages/agent/dist/config/load.js")>,
  inside("config/rules/template.js") as Of<typeof import("../../packages/agent/dist/config/rules/template.js")>,
]);

export type Reading = { labels: Readonly<Record<string, string>>; value: number; atMs: number };
export type Sight = { is: "seen"; readings: Reading[] } | { is: "absent"; reason: string };

/** A series as it was recorded: one value every 15 s from 0 on, undefined where none was measured. */
export type Recorded = { name: string; labels: Record<string, string>; values: readonly (number | undefined)[] };

export const stepMs = 15_000;

/** What is seen at a moment of what was recorded, by those who look at it then: nothing of a series that has ended. */
export function seenAt(
  recorded: readonly Recorded[],
  metric: string,
  labels: Readonly<Record<string, string>>,
  atMs: number,
): Sight {
  const step = Math.floor(atMs / stepMs);
  const readings = recorded.flatMap((series): Reading[] => {
    const value = series.values[step];
    const fits = Object.entries(labels).every(([name, wanted]) => series.labels[name] === wanted);
    if (series.name !== metric || !fits || value === undefined) return [];
    return [{ labels: series.labels, value, atMs: step * stepMs }];
  });
  return readings.length > 0 ? { is: "seen", readings } : { is: "absent", reason: `there is no ${metric}` };
}

/** The same for promtool. A scrape that does not find a series again marks its end. */
export function inputSeries(recorded: readonly Recorded[]): { series: string; values: string }[] {
  return recorded.map(({ name, labels, values }) => ({
    series: `${name}{${Object.entries(labels)
      .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
      .join(",")}}`,
    values: values.map((value, at) => (value === undefined ? missing(values[at - 1]) : String(value))).join(" "),
  }));
}

function missing(before: number | undefined): string {
  return before === undefined ? "_" : "stale";
}
