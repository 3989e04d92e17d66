import * as z from "zod";
import { setting } from "../setting.js";
import { duration, span } from "../values.js";

/** Longer windows would keep more measurements than a rule is worth. */
const maxWindowMs = 24 * 60 * 60 * 1000;

/** A window that is shorter holds nothing. */
const minWindowMs = 1000;

/** What takes more conditions is a program, not a rule. */
const maxConditions = 10;

const metricName = z
  .string()
  .max(256)
  .regex(/^[a-zA-Z_:][a-zA-Z0-9_:]*$/, "must be the name of a metric as /metrics shows it, like queue_depth");

const labels = z.record(
  z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/, "must be the name of a label"),
  z.string("must be the value of a label, as text").max(1024),
);

const selector = {
  metric: setting(metricName, "Name of the metric, as /metrics shows it"),
  labels: setting(labels.optional(), "Only series that have these labels"),
};

const window = setting(
  span.refine((ms) => ms >= minWindowMs && ms <= maxWindowMs, "must be between 1s and 1d"),
  "How far back it looks",
);

const aggregate = setting(
  z.enum(["sum", "max", "min", "avg", "count"]).optional(),
  "Makes one number of all series; without it each series is looked at by itself",
);

const shareWanted = "must be a number, or a share like 5%";

/** A number, or a share that is written in percent. */
const quantity = z.union([
  z.number(shareWanted),
  z
    .string(shareWanted)
    .regex(/^\d+(\.\d+)?%$/, shareWanted)
    .transform((text) => Number(text.slice(0, -1)) / 100),
]);

const levels = z
  .strictObject({
    target: setting(quantity.optional(), "What it should be; severity info"),
    alert: setting(quantity.optional(), "When somebody should look, which may be before the target; severity warning"),
    hard: setting(quantity.optional(), "What it must never be; severity critical"),
  })
  .refine((all) => Object.values(all).some((one) => one !== undefined), "needs target, alert or hard");

const rising = z.strictObject({ ...selector, window, aggregate });

const ratio = z.strictObject({
  of: setting(z.strictObject(selector), "The counter of what is looked for, like errors"),
  to: setting(z.strictObject(selector), "The counter of everything, like requests"),
  window,
  min_volume: setting(
    z.number().min(0).optional(),
    "The rule is quiet while `to` has risen by less than this within the window",
  ),
});

const quantile = z.strictObject({
  ...selector,
  q: setting(z.number().min(0).max(1), "Which quantile of the histogram, like 0.99"),
  window,
});

const cadence = z
  .strictObject({
    ...selector,
    every: setting(span, "The counter must rise this often"),
    tolerance: setting(duration, "By how much earlier or later it may rise; no less than it takes to measure it twice"),
  })
  .refine(({ every, tolerance }) => tolerance < every, "needs a tolerance below `every`")
  .refine(({ every, tolerance }) => every + tolerance <= maxWindowMs, "must not look further back than 1d");

const regression = z.strictObject({
  ...selector,
  more_than: setting(quantity, "By which share of the baseline it may be worse, like 10%"),
  direction: setting(z.enum(["up", "down"]).default("up"), "Which way is worse"),
});

const kinds = {
  metric: setting(selector.metric.optional(), "Compares each series, or all of them, with a value"),
  rate: setting(rising.optional(), "How fast a counter rises, per second, as rate() of Prometheus has it"),
  increase: setting(rising.optional(), "By how much a counter rose in the window, as increase() has it"),
  ratio: setting(ratio.optional(), "How one counter rises in proportion to another"),
  absent: setting(z.strictObject(selector).optional(), "Whether there is no such series"),
  slope: setting(
    z.strictObject({ ...selector, window }).optional(),
    "How fast a gauge changes, per second, by least squares as deriv() has it",
  ),
  quantile: setting(quantile.optional(), "A quantile of a histogram, whose name is without `_bucket`"),
  cadence: setting(cadence.optional(), "Whether a counter rises at equal intervals"),
  regression: setting(regression.optional(), "Whether it is worse than the baseline that `rule.baseline` has set"),
};

const kindNames = Object.keys(kinds) as (keyof typeof kinds)[];

/** Kinds that yes or no follows from by itself. */
const ofThemselves = ["absent", "cadence", "regression"] as const;

const condition = {
  ...kinds,
  labels: setting(labels.optional(), "With `metric`: only series that have these labels"),
  aggregate,
  op: setting(z.enum([">", ">=", "<", "<=", "==", "!="]).optional(), "How it is compared"),
  value: setting(quantity.optional(), "What it is compared with"),
};
const conditionConfig = z.strictObject(condition).superRefine(refuseUnclear);
const conditions = z
  .array(conditionConfig)
  .min(2, "needs two or more")
  .max(maxConditions, `takes ${maxConditions} at most`);

/** What a rule looks for: one condition, or several of them. */
export const exprConfig = z
  .strictObject({
    ...condition,
    levels: setting(levels.optional(), "With `metric` instead of `value`: up to three rules, NAME:target and so on"),
    all: setting(conditions.optional(), "Holds while each of these does"),
    any: setting(conditions.optional(), "Holds while one of these does"),
  })
  .superRefine((expr, context) => {
    const { all, any } = expr;
    if (!all && !any) return refuseUnclear(expr, context);
    if (Object.values(expr).filter((one) => one !== undefined).length > 1)
      context.addIssue({ code: "custom", message: "has something beside `all` or `any`: write it as one of them" });
  });
export type ConditionConfig = z.output<typeof conditionConfig>;
export type ExprConfig = z.output<typeof exprConfig>;
export type Comparison = NonNullable<ConditionConfig["op"]>;
export type Aggregate = NonNullable<ConditionConfig["aggregate"]>;

function refuseUnclear(condition: ExprConfig, context: z.RefinementCtx): void {
  const refuse = (message: string): void => context.addIssue({ code: "custom", message });
  const has = (name: keyof ExprConfig): boolean => condition[name] !== undefined;
  const [kind, ...more] = kindNames.filter(has);
  if (kind === undefined || more.length > 0) return refuse(`must have exactly one of ${kindNames.join(", ")}`);
  for (const name of ["labels", "aggregate"] as const)
    if (kind !== "metric" && has(name)) refuse(`has ${name} beside ${kind}: write it below, where it can have it`);
  if (kind !== "metric" && has("levels")) return refuse("can have levels only with metric");
  if ((ofThemselves as readonly string[]).includes(kind)) {
    if (has("op") || has("value")) refuse(`has nothing to compare ${kind} with: leave out op and value`);
    return;
  }
  if (!has("op")) refuse("needs op");
  if (has("value") === has("levels")) refuse(kind === "metric" ? "needs either value or levels" : "needs value");
}
