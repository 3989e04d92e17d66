import { checkRole } from "@ostler/protocol";
import * as z from "zod";
import { setting } from "../setting.js";
import { duration, name, span } from "../values.js";

/** What every check has, whatever its kind. */
export const common = {
  name: setting(name, "Shown in events, metrics and /ready; unique in its service"),
  role: setting(
    checkRole.default("readiness"),
    "`readiness`: while it fails the service is not ready. `liveness`: when it fails the service is restarted. " +
      "`startup`: until it has passed once no other check is judged, and when it fails the service is restarted. " +
      "`info`: it is only shown",
  ),
  process: setting(
    name.optional(),
    "The process that a failed liveness check restarts; all of the service when absent",
  ),
  every: setting(span.prefault("10s"), "Time from one probe to the next, shaken by a tenth"),
  timeout: setting(span.prefault("2s"), "A probe that takes longer has failed"),
  initial_delay: setting(duration.prefault("0s"), "Time after a start of the service before the first probe"),
  failures: setting(z.int().min(1).max(1000).default(3), "Failed probes in a row that make the check fail"),
  successes: setting(z.int().min(1).max(1000).default(1), "Passed probes in a row that make the check pass"),
};
