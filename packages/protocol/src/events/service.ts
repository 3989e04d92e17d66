import * as z from "zod";
import { limit, limitAction, measuredLimit } from "../limits.js";
import { actor } from "./command.js";

/** How a process ended: exactly one of the three. */
export const exit = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("code"), code: z.int() }),
  z.object({ kind: z.literal("signal"), signal: z.string(), core: z.boolean().describe("A core was dumped") }),
  z.object({ kind: z.literal("unknown"), reason: z.string().describe("Why nobody could see the exit status") }),
]);
export type Exit = z.infer<typeof exit>;

/** Why a process ended, as far as it is certain. */
export const endCause = z.enum([
  "clean",
  "code",
  "signal",
  "core-dump",
  "out-of-memory",
  "watchdog",
  "timeout",
  "overdue",
  "unknown",
]);
export type EndCause = z.infer<typeof endCause>;

/** What its last words let one guess. */
export const likely = z.object({
  reason: z.enum(["address-in-use", "no-space", "missing-dependency", "permission", "configuration"]),
  line: z.string().describe("What says so"),
});
export type Likely = z.infer<typeof likely>;

/** What kept a process from being started. */
export const startFailureKind = z.enum([
  "not-found",
  "not-executable",
  "no-interpreter",
  "permission",
  "bad-cwd",
  "no-user",
  "limits",
  "environment",
  "keeper",
  "host",
  "cancelled",
  "owner",
]);
export type StartFailureKind = z.infer<typeof startFailureKind>;

/** By which setting of `restart` a process waits, or because of a maintenance. */
export const delayRule = z
  .enum(["backoff", "backoff.max", "crash_loop", "maintenance"])
  .describe("Setting of `restart` by which it waits (`backoff.max`: only a person can mend it), or the maintenance");
export type DelayRule = z.infer<typeof delayRule>;

/** By which setting of `restart` a process is not started again. */
export const restRule = z
  .enum(["policy", "no_restart_exit", "crash_loop"])
  .describe("Setting of `restart` by which it is not started again");
export type RestRule = z.infer<typeof restRule>;

const fileIdentity = z.object({
  path: z.string().describe("Where links lead to"),
  bytes: z.number(),
  modified: z.string(),
  inode: z.number(),
});

export const checkRole = z.enum(["liveness", "readiness", "startup", "info"]);
export type CheckRole = z.infer<typeof checkRole>;

/** How a process runs: `oneshot` to its end, once, before the service is ready; `scheduled` to its end, at set times. */
export const processType = z.enum(["daemon", "oneshot", "scheduled"]);
export type ProcessType = z.infer<typeof processType>;

/** What happens when a scheduled process is due while it runs: nothing; once more after it; instead of it. */
export const overlap = z.enum(["skip", "queue", "replace"]);
export type Overlap = z.infer<typeof overlap>;

/** What a process waits for before it starts. */
export const awaited = z.object({ process: z.string(), until: z.enum(["started", "ready", "completed"]) });
export type Awaited = z.infer<typeof awaited>;

/** Who owns the process of a service that the agent only watches, and acts on through its owner. */
export const attached = z.object({
  owner: z.enum(["systemd", "pid-file"]),
  name: z.string().describe("The unit, or the path of the pid file"),
});
export type Attached = z.infer<typeof attached>;

const ofProcess = { service: z.string(), process: z.string() };
const ofRun = { ...ofProcess, run: z.int().describe("Counts the starts of this process"), pid: z.int() };

const ofMarker = { ...ofProcess, run: z.int(), match: z.string().describe("The regular expression") };

/** What happens to a service and its processes. */
export const serviceEvents = {
  "service.configured": z
    .object({
      service: z.string(),
      processes: z.array(z.string()),
      types: z.record(z.string(), processType).optional().describe("Of the processes that are no daemons"),
      checks: z.array(z.object({ name: z.string(), role: checkRole, process: z.string().optional() })),
      attached: attached.optional().describe("Of a service whose process has another owner"),
    })
    .describe("A service was added to the configuration, or its processes or checks changed."),
  "service.removed": z
    .object({ service: z.string() })
    .describe("A service left the configuration and was stopped; an attached one was only let go."),
  "service.started": z
    .object({
      ...ofRun,
      startTicks: z.int().describe("Start time in clock ticks since boot; with the pid it is the identity"),
    })
    .describe("A process was started because someone wanted it to run."),
  "service.restarted": z
    .object({ ...ofRun, startTicks: z.int(), attempt: z.int(), because: z.string() })
    .describe("A process was started again: after an exit, by a command or by a policy."),
  "service.adopted": z
    .object({ ...ofRun, startTicks: z.int(), uptimeMs: z.int() })
    .describe(
      "A new agent found the process running, or an attached one for the first time, and took it over untouched.",
    ),
  "service.exited": z
    .object({
      ...ofRun,
      exit,
      cause: endCause.describe(
        "`watchdog`: it was unhealthy; `timeout`: it did not end, or begin, in the time it had; `overdue`: it ran too long",
      ),
      likely: likely.optional().describe("Only of an end within its first seconds"),
      uptimeMs: z.int(),
      expected: z.boolean().describe("The agent had asked it to stop, or the owner of an attached one had"),
      whileAway: z.boolean().describe("It happened while no agent was watching"),
    })
    .describe("A process ended."),
  "service.crashed": z
    .object({
      ...ofRun,
      exit,
      cause: endCause,
      likely: likely.optional(),
      uptimeMs: z.int(),
      output: z
        .object({ stdout: z.array(z.string()), stderr: z.array(z.string()) })
        .describe("The last lines of the run; of a unit of systemd all that its journal has, as stdout"),
      peaks: z
        .object({
          residentBytes: z.number(),
          cpuPercent: z.number().optional().describe("Of one core"),
          openFiles: z.int().optional(),
          threads: z.int(),
        })
        .optional()
        .describe("The most it used; absent of a run that was too short to be measured"),
      changed: z
        .object({
          since: z.string().describe("When it last ran well"),
          config: z.boolean().describe("The configuration is another one now"),
          settings: z
            .array(z.string())
            .describe("Settings of the service that changed since, as far as this agent knows"),
          environment: z
            .object({ added: z.array(z.string()), removed: z.array(z.string()), changed: z.array(z.string()) })
            .optional()
            .describe("Names of variables; absent where it is not known what it was begun with"),
          files: z
            .array(z.object({ word: z.string(), from: fileIdentity, to: fileIdentity }))
            .optional()
            .describe("Files of its command that are others now: another release, or written anew"),
        })
        .optional()
        .describe("Absent of a process that never ran well"),
      before: z
        .array(z.object({ at: z.string(), type: z.string(), words: z.string() }))
        .describe("What happened to it, to the agent and to the configuration in the minute before"),
      core: z.string().optional().describe("Path of the core file, or what the kernel hands cores to"),
    })
    .describe("A process ended badly: everything that was known at that moment."),
  "service.start-failed": z
    .object({
      ...ofProcess,
      run: z.int(),
      kind: startFailureKind.describe(
        "`environment`: an env_file; `limits`: limits or nice; `host`: the kernel refused it; `keeper`: it could not record the start; `cancelled`: it was stopped meanwhile; `owner`: the owner of an attached one did not start it again",
      ),
      reason: z.string(),
    })
    .describe("A process could not be started, for example because its program does not exist."),
  "service.delayed": z
    .object({ ...ofProcess, attempt: z.int(), delayMs: z.int(), because: z.string(), rule: delayRule.optional() })
    .describe("A restart waits for its back-off."),
  "service.deferred": z
    .object({ ...ofProcess, awaits: z.array(awaited) })
    .describe("A process is to start, but not before other processes of its service have come so far."),
  "service.scheduled": z
    .object({ ...ofProcess, next: z.string().describe("When it is to run next") })
    .describe("A scheduled process waits for its time, or that time has changed."),
  "service.triggered": z
    .object({
      ...ofProcess,
      due: z.string(),
      late: z.boolean().describe("It makes up for a time that was missed"),
      next: z.string().optional(),
    })
    .describe("It is time for a scheduled process to run."),
  "service.run-missed": z
    .object({
      ...ofProcess,
      from: z.string(),
      to: z.string().describe("No time after this was missed"),
      because: z.string(),
      then: z.enum(["skip", "run"]).describe("`run`: it runs once, now, for all that was missed"),
    })
    .describe("A scheduled process did not run when it was to."),
  "service.overlapped": z
    .object({ ...ofProcess, run: z.int().describe("The run that was still going on"), then: overlap })
    .describe("A scheduled process was due while its run before had not ended."),
  "service.crash-looped": z
    .object({
      ...ofProcess,
      crashes: z.int(),
      windowMs: z.int(),
      then: z.enum(["slow", "stop"]),
      because: z.string(),
    })
    .describe("A process has ended too often. It is restarted seldom from now on, or not at all. Told once a loop."),
  "service.settled": z
    .object({ ...ofProcess, run: z.int() })
    .describe("A run has been ready for `stable_after`: earlier crashes are forgotten."),
  "service.signalled": z
    .object({ ...ofRun, signal: z.string(), timeoutMs: z.int().describe("SIGKILL follows after this time") })
    .describe("A process was asked to stop; by each further signal of `stop.escalation` once more."),
  "service.killed": z
    .object({
      ...ofProcess,
      pids: z.array(z.int()),
      survivors: z.array(z.int()).describe("Pids that even SIGKILL did not end; normally empty"),
      reason: z.string(),
    })
    .describe("Processes had to be ended with SIGKILL. Work in progress may be lost."),
  "service.stopped": z
    .object(ofProcess)
    .describe("A process was stopped on demand, nothing of it is left, and it stays stopped until it is started."),
  "service.completed": z
    .object({ ...ofProcess, rule: restRule.optional() })
    .describe("A process ended well, and its restart policy lets it rest."),
  "service.gave-up": z
    .object({ ...ofProcess, reason: z.string(), rule: restRule.optional() })
    .describe("A process ended badly and, by its restart policy, is not started again."),
  "service.isolated": z
    .object({
      service: z.string(),
      actor,
      reason: z.string(),
      processes: z.array(z.string()).describe("Those that ran or were to run; a release starts them again"),
    })
    .describe("A service is kept stopped, whatever happens, until it is released."),
  "service.released": z
    .object({
      service: z.string(),
      actor,
      reason: z.string().optional(),
      processes: z.array(z.string()).describe("Those that are started again: they ran before"),
    })
    .describe("An isolated service may run again."),
  "service.scaled": z
    .object({
      ...ofProcess,
      actor,
      instances: z.int(),
      configured: z.int().describe("As many as the configuration wants; the scale holds until it wants another number"),
    })
    .describe("A process is to have another number of instances than its configuration says."),
  "service.notified": z
    .object({
      ...ofProcess,
      run: z.int(),
      tookMs: z.int().describe("From its start until the agent heard of it"),
    })
    .describe("A process has said on its `notify_fd` that it is ready."),
  "service.marker-seen": z
    .object({
      ...ofMarker,
      tookMs: z.int().describe("From the start of the run until the agent saw it; up to a tenth late"),
    })
    .describe("A process has written what its `marker` looks for. That is a hint: readiness does not depend on it."),
  "service.marker-missed": z
    .object({
      ...ofMarker,
      withinMs: z.int(),
      because: z.enum(["not-written", "unreadable"]),
      reason: z.string().optional().describe("Why its output could not be read"),
      lastLine: z.string().optional().describe("What it wrote last, as far as that was read"),
    })
    .describe(
      "A process has not written in time what its `marker` looks for. It runs on, and its readiness does not change.",
    ),
  "service.ready": z.object({ service: z.string() }).describe("Every process runs and every readiness check passes."),
  "service.unready": z
    .object({ service: z.string(), reasons: z.array(z.string()) })
    .describe("The service was ready and is not any more."),
  "service.output-lost": z
    .object({ ...ofProcess, reason: z.string() })
    .describe("The output of a process cannot be kept, for example because its spool file cannot be opened."),
  "service.limit-exceeded": z
    .object({
      ...ofRun,
      watch: z.string(),
      ...measuredLimit.shape,
      forMs: z.int().describe("For how long it has been so, without a break"),
      action: limitAction.describe("What the configuration wants to be done about it"),
    })
    .describe("A process has been beyond a limit of its `watch` for as long as the watch waits."),
  "service.limit-recovered": z
    .object({
      ...ofRun,
      watch: z.string(),
      ...limit,
      value: z.number().optional().describe("What was measured; absent when it is not watched any more"),
      because: z
        .enum(["within", "unwatched"])
        .describe("It is within its limit again, or the configuration has no such limit any more"),
    })
    .describe("A limit that was exceeded is so no more. An exceeded limit also ends, without this, with the run."),
};
