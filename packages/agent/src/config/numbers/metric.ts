import * as z from "zod";
import { setting } from "../setting.js";

/** The name of a metric that is somebody else's than the agent's. */
export const metricName = z
  .string()
  .regex(
    /^[a-zA-Z_:][a-zA-Z0-9_:]{0,199}$/,
    "must be the name of a metric: letters, digits, _ and :, not beginning with a digit",
  )
  .refine(
    (text) => !text.startsWith("ostler_"),
    "begins with ostler_, like the agent's own metrics: take another name",
  );

/** Labels with their values, the same for each series. */
export const labels = z.record(
  z
    .string()
    .regex(/^[a-zA-Z_][a-zA-Z0-9_]{0,99}$/, "must be the name of a label: letters, digits and _")
    .refine((text) => text !== "service" && !text.startsWith("__"), "is a label that others set"),
  z.string(),
);

/** What a number that is picked out of an answer becomes. */
export const picked = {
  type: setting(z.enum(["gauge", "counter"]).default("gauge"), "`counter` for what only grows"),
  help: setting(z.string().default(""), "What it means; shown at /metrics"),
  labels: setting(labels.default({}), "Its labels"),
};

/** A mapping that must not be empty. */
export function someOf<T extends z.ZodType>(entry: T): z.ZodRecord<typeof metricName, T> {
  return z.record(metricName, entry).refine((all) => Object.keys(all).length > 0, "must name at least one metric");
}
