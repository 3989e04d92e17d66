import * as z from "zod";
import { execNumbers } from "./numbers/exec.js";
import { jsonNumbers } from "./numbers/json.js";
import { logNumbers } from "./numbers/log.js";
import { labels } from "./numbers/metric.js";
import { prometheusNumbers } from "./numbers/prometheus.js";
import { redisNumbers } from "./numbers/redis.js";
import { setting } from "./setting.js";
import { placedTls, type TlsOptions } from "./tls.js";
import { name, span } from "./values.js";

/** Where numbers can come from. A source has exactly one of these. */
export const sourceKinds = ["prometheus", "json", "redis", "exec", "log"] as const;

const source = z
  .strictObject({
    name: setting(
      name.optional(),
      "Shown as label `source` and in reasons; unique in its service. Its kind, when absent",
    ),
    every: setting(span.prefault("15s"), "Time from one look to the next"),
    timeout: setting(span.prefault("5s"), "What takes longer is not waited for: the source is unreachable"),
    labels: setting(labels.default({}), "Added to each of its series, to tell sources apart that show the same names"),
    prometheus: setting(prometheusNumbers.optional(), "A page in Prometheus' text format, or OpenMetrics"),
    json: setting(jsonNumbers.optional(), "A page of JSON in which there are numbers"),
    redis: setting(redisNumbers.optional(), "What a Redis server answers; only commands that read are sent"),
    exec: setting(execNumbers.optional(), "What a program writes to its stdout"),
    log: setting(logNumbers.optional(), "What the lines add up to that the service writes while the agent looks"),
  })
  .refine(
    (its) => sourceKinds.filter((kind) => its[kind] !== undefined).length === 1,
    `must have exactly one of ${sourceKinds.join(", ")}`,
  )
  .refine(({ every, timeout }) => timeout <= every, {
    path: ["timeout"],
    error: "must not be longer than every",
  });
export type NumbersSource = Omit<z.output<typeof source>, "name"> & { name: string };

/** One source or several; each with a name. */
const sources = z.union([source, z.array(source)]).transform((written, context): NumbersSource[] => {
  const named = [written].flat().map((its) => ({ ...its, name: its.name ?? kindOf(its) }));
  for (const [at, its] of named.entries())
    if (named.findIndex(({ name: earlier }) => earlier === its.name) !== at)
      context.addIssue({
        code: "custom",
        path: [at],
        message: `has the name of another source of the service, "${its.name}": give it a name`,
      });
  return named;
});

/** The numbers of a service: where they come from, and how many there may be. */
export const metricsConfig = z.strictObject({
  scrape: setting(sources.default([]), "Where the numbers of the service come from: one source, or a list of them"),
  max_series: setting(
    z.int().min(1).max(100_000).default(500),
    "So many series of all its sources are kept; of what is over, whole metrics are left out, those that came last first",
  ),
});
export type MetricsConfig = z.output<typeof metricsConfig>;

/** The names of the numbers that are asked for one by one: those that people want to see. */
export function wantedNumbers({ scrape }: MetricsConfig): string[] {
  const names = scrape.flatMap(({ prometheus, json, redis, exec, log }) => [
    ...Object.keys(prometheus?.aliases ?? {}),
    ...Object.keys(json?.values ?? {}),
    ...Object.keys(redis?.values ?? {}),
    ...Object.keys(redis?.lists ?? {}),
    ...Object.keys(exec?.values ?? {}),
    ...Object.entries(log?.values ?? {}).flatMap(([name, { type }]) => (type === "histogram" ? [] : [name])),
  ]);
  return [...new Set(names)];
}

export function kindOf(its: Pick<z.output<typeof source>, (typeof sourceKinds)[number]>): string {
  return sourceKinds.find((kind) => its[kind] !== undefined) ?? "";
}

/** The same with absolute paths of files. */
export function placedMetrics(metrics: MetricsConfig, absolute: (path: string) => string): MetricsConfig {
  const placed = <T extends { tls?: TlsOptions | undefined }>(its: T): T => ({ ...its, ...placedTls(its, absolute) });
  const scrape = metrics.scrape.map(({ prometheus, json, redis, ...rest }) => ({
    ...rest,
    ...(prometheus ? { prometheus: placed(prometheus) } : {}),
    ...(json ? { json: placed(json) } : {}),
    ...(redis ? { redis: placed(redis) } : {}),
  }));
  return { ...metrics, scrape };
}
