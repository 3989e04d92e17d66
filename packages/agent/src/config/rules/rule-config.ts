import { advice, alertSeverity } from "@ostler/protocol";
import * as z from "zod";
import { setting } from "../setting.js";
import { duration, name } from "../values.js";
import { exprConfig } from "./expr.js";
import { templateProblem } from "./template.js";

const summary = z
  .string()
  .min(1)
  .max(500)
  .superRefine((text, context) => {
    const problem = templateProblem(text);
    if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
  });

export const ruleConfig = z
  .strictObject({
    name: setting(name, "Shown in alerts; unique in its service"),
    expr: setting(exprConfig, "What it looks for"),
    for: setting(duration.prefault("0s"), "How long that must hold without a break before the alert fires"),
    severity: setting(alertSeverity.optional(), "How much it matters; `warning` when absent"),
    summary: setting(
      summary.optional(),
      "What has happened, in a sentence; `{{ $value }}` and `{{ $labels.NAME }}` stand for the value and a label",
    ),
    runbook: setting(z.string().min(1).max(2000).optional(), "Where to read what to do"),
    advice: setting(advice.optional(), "The rule only advises; nothing is wrong"),
  })
  .refine(({ severity, expr: { levels } }) => !(severity && levels), {
    path: ["severity"],
    message: "is that of each level; leave it out",
  });
export type RuleConfig = z.output<typeof ruleConfig>;
