import * as z from "zod";
import { actor } from "./command.js";

/** How much a firing rule matters; the words of Prometheus. */
export const alertSeverity = z.enum(["info", "warning", "critical"]);
export type AlertSeverity = z.infer<typeof alertSeverity>;

export const advice = z.enum(["scale-up", "scale-down"]);
export type Advice = z.infer<typeof advice>;

const ofRule = { service: z.string(), rule: z.string() };

/** What an alert is about: a rule, and of a rule that looks at each series by itself, the labels of the series. */
const ofAlert = {
  ...ofRule,
  labels: z.record(z.string(), z.string()).optional().describe("Of the series, where the rule looks at each by itself"),
};

/** What a baseline is a value of: a metric and its labels, as a selector in PromQL. */
export const baselineOf = z
  .string()
  .optional()
  .describe("What was measured: the metric, and its labels where the rule names any");

const meaning = {
  severity: alertSeverity,
  summary: z.string(),
  value: z.number().optional(),
  runbook: z.string().optional().describe("Where to read what to do"),
  advice: advice.optional().describe("The rule only advises; nothing is wrong"),
};

/** Why a rule can say nothing: neither that all is well nor that it is not. */
export const blindness = z
  .enum(["absent", "unreachable", "no-baseline", "too-few"])
  .describe(
    "No such series; its source does not answer; nothing to compare with; not enough measurements in the window yet",
  );
export type Blindness = z.infer<typeof blindness>;

/** Rules, and the alerts they raise: pending, then firing, then resolved. */
export const alertEvents = {
  "alert.pending": z
    .object({ ...ofAlert, ...meaning, forMs: z.int().describe("How long it has to hold before it fires") })
    .describe("What a rule looks for holds, but not for long enough yet."),
  "alert.fired": z.object({ ...ofAlert, ...meaning }).describe("What a rule looks for has held for long enough."),
  "alert.resolved": z
    .object({
      ...ofAlert,
      severity: alertSeverity,
      fired: z.boolean().describe("Whether it had fired, or was only pending"),
      because: z
        .enum(["passed", "removed", "rests"])
        .describe("It holds no more; the rule has left the configuration; the service was stopped or has completed"),
    })
    .describe("What a rule looks for holds no more, or nobody looks for it any more."),
  "rule.blinded": z
    .object({ ...ofRule, because: blindness, reason: z.string() })
    .describe("A rule can say nothing: what it looks at cannot be measured. Its alerts stay as they are."),
  "rule.restored": z
    .object(ofRule)
    .describe("What a rule looks at can be measured again, or its service rests and nobody expects to see anything."),
  "rule.baselined": z
    .object({ ...ofRule, value: z.number(), of: baselineOf, actor })
    .describe("A rule got the value with which it compares from now on."),
  "rule.removed": z
    .object(ofRule)
    .describe(
      "A rule left the configuration, or measures something else now: what was known of it is of no use any more.",
    ),
};
