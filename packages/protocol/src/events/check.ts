import * as z from "zod";
import { checkRole } from "./service.js";

const ofCheck = {
  service: z.string(),
  check: z.string(),
  role: checkRole,
  process: z.string().optional().describe("The process it is about, where it is about one"),
};

/** Verdicts of checks. Only changes are events; every single probe is a sample (see samples.ts). */
export const checkEvents = {
  "check.passed": z
    .object({ ...ofCheck, tookMs: z.number() })
    .describe("A check passed as often in a row as its `successes` asks, without a warning."),
  "check.warned": z
    .object({ ...ofCheck, reason: z.string(), tookMs: z.number() })
    .describe("A check passed as often in a row as its `successes` asks, but with a warning."),
  "check.failed": z
    .object({ ...ofCheck, reason: z.string(), failures: z.int().describe("Failed probes in a row") })
    .describe("A check failed as often in a row as its `failures` asks."),
};
