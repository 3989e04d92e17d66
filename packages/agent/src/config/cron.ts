import { overlap } from "@ostler/protocol";
import { validateDetailed } from "node-cron";
import * as z from "zod";
import { setting } from "./setting.js";

const expression = z.string().superRefine((text, context) => {
  const { valid, errors } = validateDetailed(text);
  if (!valid)
    context.addIssue({
      code: "custom",
      message: `is no cron expression of five or six fields: ${errors.map(({ message }) => message).join("; ")}`,
    });
});

const timezone = z.string().refine((name) => {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}, "is no time zone like Europe/Rome or UTC");

const cronFields = z.strictObject({
  at: setting(expression, "When: minute, hour, day of month, month, day of week, with seconds before them if wanted"),
  timezone: setting(timezone.default("UTC"), "Whose time that is"),
  overlap: setting(
    overlap.default("skip"),
    "When it is due while it still runs: `skip` this time, `queue` one more run after it, or `replace` it",
  ),
  missed: setting(
    z.enum(["skip", "run"]).default("skip"),
    "When no agent was there at its time, or the clock was set past it: `run` it once, late, or not",
  ),
});

/** An expression alone is short for its `at`. */
export const cronConfig = z.union([expression.transform((at) => cronFields.parse({ at })), cronFields]);
export type CronConfig = z.output<typeof cronFields>;
