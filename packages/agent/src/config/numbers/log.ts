import * as z from "zod";
import { Pattern } from "../../core/pattern/pattern.js";
import { pattern } from "../pattern.js";
import { setting } from "../setting.js";
import { name } from "../values.js";
import { labels, picked, someOf } from "./metric.js";

/** Seconds, from a quick answer to a slow job. */
export const defaultBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** Each bucket is a series of its own, for each set of labels. */
const maxBuckets = 50;

/** The named group of a pattern that holds the number. */
const valueGroup = "value";

export const buckets = z
  .array(z.number())
  .min(1, "must have at least one bound")
  .max(maxBuckets, `must have ${maxBuckets} bounds at most`)
  .refine(
    (all) => all.every((bound, at) => bound > (all[at - 1] ?? -Infinity)),
    "must grow from one bound to the next",
  );

const value = z
  .strictObject({
    match: setting(
      pattern.optional(),
      "Regular expression of the lines that count; its named group `value` is the number, like `took (?<value>[0-9.]+) ms`",
    ),
    json: setting(
      z
        .string()
        .regex(/^[^.]+(\.[^.]+)*$/, "must be names with dots between them, like request.seconds")
        .optional(),
      "Instead of `match`, for lines that are JSON: the field that is the number, like `request.seconds`",
    ),
    type: setting(
      z.enum(["histogram", "counter", "gauge"]).default("histogram"),
      "What becomes of the numbers: their distribution, their sum, or the last one. A `counter` without a group `value` counts lines",
    ),
    buckets: setting(
      buckets.optional(),
      `Upper bounds of the buckets of a histogram; ${defaultBuckets.join(", ")} when absent`,
    ),
    scale: setting(
      z.number().positive().default(1),
      "The number is multiplied by this: 0.001 makes seconds of milliseconds",
    ),
    labels: setting(
      labels.default({}),
      "Its labels. `$NAME` is what the named group NAME found, or, with `json`, the field NAME; any other text stands for itself",
    ),
    help: picked.help,
  })
  .superRefine((its, context) => {
    const refuse = (path: string[], message: string): void => context.addIssue({ code: "custom", path, message });
    if ((its.match === undefined) === (its.json === undefined)) return refuse([], "must have either match or json");
    const isHistogram = its.type === "histogram";
    if (!isHistogram && its.buckets) refuse(["buckets"], `is of no use for a ${its.type}`);
    if (isHistogram && Object.hasOwn(its.labels, "le")) refuse(["labels", "le"], "is the label of the buckets");
    const groups = groupsIn(its.match);
    if (!groups) return;
    const hasValue = !countsLines(its);
    if (!hasValue && its.type !== "counter")
      refuse(["match"], `needs a group (?<${valueGroup}>...) around the number; only a counter can do without`);
    if (!hasValue && its.scale !== 1) refuse(["scale"], `is of no use without a group (?<${valueGroup}>...)`);
    for (const [label, text] of Object.entries(its.labels))
      if (text.startsWith("$") && !groups.includes(text.slice(1)))
        refuse(["labels", label], `names no group of the pattern: ${text.slice(1)}`);
  });
export type LogValue = z.output<typeof value>;

export const logNumbers = z.strictObject({
  process: setting(name.optional(), "The process whose output is read, all instances of it; every process when absent"),
  stream: setting(z.enum(["stdout", "stderr"]).optional(), "The stream that is read; both when absent"),
  values: setting(someOf(value), "The metrics, by name").superRefine((values, context) => {
    for (const [metric, { type }] of Object.entries(values))
      for (const series of type === "histogram" ? ["bucket", "sum", "count"].map((end) => `${metric}_${end}`) : [])
        if (Object.hasOwn(values, series))
          context.addIssue({ code: "custom", path: [series], message: `is a series of the histogram ${metric}` });
  }),
});
export type LogNumbers = z.output<typeof logNumbers>;

/** Does each line that matches count as one, because the pattern has no number? */
export function countsLines({ match }: { match?: string | undefined }): boolean {
  return groupsIn(match)?.includes(valueGroup) === false;
}

/** Names of the groups of a pattern; nothing when there is none, or it is wrong, which its own schema tells. */
function groupsIn(match: string | undefined): readonly string[] | undefined {
  if (match === undefined) return undefined;
  try {
    return Pattern.parse(match).groupNames;
  } catch {
    return undefined; // Told by `pattern`.
  }
}
