import { alertSeverity } from "@ostler/protocol";
import * as z from "zod";
import { levels } from "../../core/line-format/line-info.js";
import { labels as labelsOf, metricName, picked } from "../numbers/metric.js";
import { buckets, defaultBuckets } from "../numbers/log.js";
import { pattern } from "../pattern.js";
import { setting } from "../setting.js";
import { duration, name, span } from "../values.js";

/** What people write about a pattern for whoever reads of it at night. */
const words = z
  .string()
  .min(1)
  .max(1000)
  .refine((text) => !text.includes("{{"), "must not contain {{, which begins a template in alerts");

/** More of them for one pattern are a mistake. */
const maxAlternatives = 20;

const scalar = z.union([z.string(), z.number(), z.boolean()], "must be text, a number, or true or false");

const wantedField = z.union(
  [
    scalar.transform((one) => ({ any: [one] })),
    z
      .array(scalar)
      .min(1)
      .max(maxAlternatives)
      .transform((any) => ({ any })),
    z
      .strictObject({
        at_least: setting(z.number().optional(), "The number must not be less"),
        below: setting(z.number().optional(), "The number must be less"),
        match: setting(pattern.optional(), "The value must match, whatever its capitals"),
      })
      .refine((one) => Object.values(one).some((value) => value !== undefined), "needs at_least, below or match"),
  ],
  "must be a value, a list of values, or at_least, below or match",
);
export type WantedField = z.output<typeof wantedField>;

const extract = z.strictObject({
  metric: setting(metricName, "Name of the metric, as /metrics shows it"),
  value: setting(z.string().min(1).default("value"), "The named group, or the field of the line, that is the number"),
  type: setting(
    z.enum(["histogram", "counter", "gauge"]).default("histogram"),
    "What becomes of the numbers: their distribution, their sum, or the last one",
  ),
  buckets: setting(buckets.optional(), `Upper bounds of a histogram; ${defaultBuckets.join(", ")} when absent`),
  scale: setting(z.number().positive().default(1), "The number is multiplied by this"),
  labels: setting(labelsOf.default({}), "Its labels; `$NAME` is the group or the field NAME"),
  help: picked.help,
});
export type Extract = z.output<typeof extract>;

const rate = z.strictObject({
  count: setting(z.int().min(1), "So many lines raise an alert"),
  window: setting(
    span.refine((ms) => ms >= 1000 && ms <= 24 * 60 * 60 * 1000, "must be between 1s and 1d"),
    "Within this time",
  ),
  by: setting(
    z.string().min(1).optional(),
    "The named group, or the field, by which they are counted apart, like `ip`: each has an alert of its own",
  ),
});

const cadence = z
  .strictObject({
    every: setting(span, "It must be written this often"),
    tolerance: setting(duration, "By how much earlier or later"),
  })
  .refine(({ every, tolerance }) => tolerance < every, "needs a tolerance below `every`");

const limit = z.strictObject({
  events: setting(z.int().min(1).max(10_000).default(10), "So many matches are told"),
  per: setting(span.prefault("1m"), "Within this time; the others are counted, and their number is told"),
});

const action = z.union(
  [
    z.enum(["restart", "stop"]).transform((what) => ({ do: what })),
    z
      .strictObject({ task: setting(name, "A task of the service") })
      .transform(({ task }) => ({ do: "task" as const, task })),
  ],
  "must be restart, stop, or {task: NAME}",
);

export const logPattern = z
  .strictObject({
    name: setting(name, "Shown in events, metrics and alerts; unique in its service"),
    match: setting(
      z.union([pattern.transform((one) => [one]), z.array(pattern).min(1).max(maxAlternatives)]).optional(),
      "Regular expression, or a list of which one must match; named groups like `(?<ip>\\S+)` are told",
    ),
    case_sensitive: setting(z.boolean().default(false), "Whether `match` tells small letters from capitals"),
    fields: setting(
      z.record(z.string().min(1).max(256), wantedField).default({}),
      "What fields of the line must be, like `status: 403`, `status: {at_least: 500}` or `user: [root, admin]`",
    ),
    level: setting(z.enum(levels).optional(), "The least level that the line says of itself"),
    severity: setting(alertSeverity.default("info"), "How much it matters"),
    meaning: setting(words.optional(), "What such a line shows"),
    cause: setting(words.optional(), "What usually is the reason"),
    resolution: setting(words.optional(), "What to do about it"),
    action: setting(action.optional(), "What is done when it is told: a restart, a stop, or a task of the service"),
    extract: setting(extract.optional(), "A number in the line becomes a metric"),
    rate: setting(rate.optional(), "Raises an alert when it is written too often"),
    absent_for: setting(span.optional(), "Raises an alert when it has not been written for so long"),
    cadence: setting(cadence.optional(), "Raises an alert when it is not written at equal intervals"),
    within: setting(span.optional(), "It must be written within this time after each start of a process"),
    limit: setting(limit.prefault({}), "How many matches are told"),
  })
  .refine(
    ({ match, fields, level }) => match !== undefined || level !== undefined || Object.keys(fields).length > 0,
    "needs match, fields or level",
  );
export type LogPattern = z.output<typeof logPattern>;
