import * as z from "zod";
import { bounds, hasBounds, needsBounds } from "../bounds.js";
import { setting } from "../setting.js";
import { common } from "./common.js";

export const metricCheck = z
  .strictObject({
    ...common,
    kind: z.literal("metric"),
    metric: setting(
      z.string().regex(/^[a-zA-Z_:][a-zA-Z0-9_:]*$/, "must be the name of a metric"),
      "A metric as /metrics shows it: the service's own, or one of the agent's",
    ),
    labels: setting(z.record(z.string(), z.string()).default({}), "Labels that its series must have"),
    aggregate: setting(
      z.enum(["sum", "min", "max"]).optional(),
      "Makes one number of several series; without it each of them has to pass",
    ),
    max_age: setting(z.int().min(1).optional(), "Seconds after which a number is too old to say anything"),
    ...bounds,
  })
  .refine(hasBounds, needsBounds);
export type MetricCheck = z.output<typeof metricCheck>;
