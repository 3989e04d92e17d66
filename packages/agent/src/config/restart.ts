import { maxCrashes } from "@ostler/protocol";
import * as z from "zod";
import { setting } from "./setting.js";
import { signalName } from "./stop.js";
import { duration } from "./values.js";

/** How a process ended, as it is written in the configuration. */
const exitName = z.union([z.int().min(0).max(255), signalName], "must be an exit code or a signal name like SIGTERM");

export const restartConfig = z.strictObject({
  policy: setting(
    z.enum(["always", "on-failure", "never"]).default("always"),
    "`on-failure` lets a process rest that ended with code 0 or by SIGHUP, SIGINT, SIGTERM or SIGPIPE",
  ),
  backoff: setting(
    z
      .strictObject({
        initial: setting(
          duration.prefault("1s"),
          "Bound of the first delay; it doubles with each attempt. `0s` restarts at once, outside of a crash loop",
        ),
        max: setting(duration.prefault("60s"), "The bound never exceeds this"),
      })
      .prefault({}),
    "A restart waits a random part of the bound (full jitter)",
  ),
  stable_after: setting(
    duration.prefault("60s"),
    "A process that has been ready this long has settled: its crashes are forgotten, and delays begin anew",
  ),
  crash_loop: setting(
    z
      .strictObject({
        count: setting(z.int().min(2).max(maxCrashes).default(5), "So many crashes"),
        window: setting(duration.prefault("10m"), "within this time are a crash loop; `0s`: never"),
        then: setting(
          z.enum(["slow", "stop"]).default("slow"),
          "`slow`: restart seldom, after half to all of `backoff.max`; `stop`: not before somebody starts it",
        ),
      })
      .prefault({}),
    "What happens when a process ends again and again. Over only when it has settled or somebody starts it",
  ),
  success_exit: setting(z.array(exitName).default([]), "Also a clean end: exit codes and signals"),
  no_restart_exit: setting(z.array(exitName).default([]), "After these it is never restarted, whatever the policy"),
  restart_force_exit: setting(z.array(exitName).default([]), "After these it is always restarted, whatever the policy"),
});
export type RestartConfig = z.output<typeof restartConfig>;
