import * as z from "zod";
import { advice, alertSeverity, baselineOf, blindness } from "./events/alert.js";
import { backupDeed } from "./events/backup.js";
import { actor, outcome } from "./events/command.js";
import { inventory } from "./events/host.js";
import {
  attached,
  awaited,
  checkRole,
  delayRule,
  endCause,
  exit,
  likely,
  processType,
  restRule,
  startFailureKind,
} from "./events/service.js";
import { limitAction, measuredLimit } from "./limits.js";
import { own } from "./own.js";

/**
 * The state of one host: the fold of all its events (see fold.ts), in the agent and in the SDK alike.
 * Invariant: no member of an object in it is null, so that a JSON merge patch can carry any change.
 */

const run = { run: z.int(), pid: z.int(), startTicks: z.int() };

/** What a process is doing; each phase carries exactly what is true in it. */
export const phase = z.discriminatedUnion("name", [
  z.object({ name: z.literal("stopped") }),
  z.object({ name: z.literal("running"), ...run, since: z.string() }),
  z.object({ name: z.literal("stopping"), ...run, since: z.string() }),
  z.object({ name: z.literal("exited"), run: z.int() }).describe("Ended; what follows is being decided"),
  z.object({
    name: z.literal("waiting"),
    attempt: z.int(),
    until: z.string(),
    because: z.string(),
    rule: delayRule.optional(),
  }),
  z.object({ name: z.literal("deferred"), awaits: z.array(awaited) }).describe("Waits for other processes"),
  z.object({ name: z.literal("scheduled") }).describe("Waits for its time"),
  z.object({ name: z.literal("completed"), rule: restRule.optional() }),
  z.object({ name: z.literal("gave-up"), reason: z.string(), rule: restRule.optional() }),
]);
export type Phase = z.infer<typeof phase>;

export const exceededLimit = measuredLimit.extend({ since: z.string(), action: limitAction.default("none") });
export type ExceededLimit = z.infer<typeof exceededLimit>;

export const processState = z.object({
  type: processType.optional().describe("Absent of a daemon"),
  phase,
  restarts: z.int().describe("Restarts since the service was configured"),
  lastRestart: z.object({ at: z.string(), because: z.string() }).optional(),
  lastExit: z
    .object({
      at: z.string(),
      run: z.int(),
      exit,
      cause: endCause,
      likely: likely.optional(),
      uptimeMs: z.int(),
      expected: z.boolean(),
    })
    .optional(),
  startFailure: z
    .object({ at: z.string(), kind: startFailureKind, reason: z.string() })
    .optional()
    .describe(
      "Why it could not be started when that was tried last; absent once a run has begun or somebody stopped it",
    ),
  crashes: z.array(z.string()).default([]).describe("When it crashed since it last settled or was started by somebody"),
  crashLoop: z.object({ since: z.string(), because: z.string() }).optional().describe("Present while it is in one"),
  settled: z.object({ at: z.string(), run: z.int(), config: z.string() }).optional().describe("When it last ran well"),
  schedule: z
    .object({ next: z.string().optional(), lastDue: z.string().optional() })
    .optional()
    .describe("Of a scheduled process: when it runs next, and the last time it was due"),
  notified: z
    .object({ run: z.int(), at: z.string() })
    .optional()
    .describe("Present when the last run has notified that it is ready"),
  marker: z
    .object({ run: z.int(), match: z.string(), seen: z.boolean(), at: z.string() })
    .optional()
    .describe("Whether the last run has written what its marker looks for; absent while that is open"),
  exceeded: z
    .record(z.string(), exceededLimit)
    .optional()
    .describe("Limits that the run is beyond, by the name of their watch"),
});
export type ProcessState = z.infer<typeof processState>;

export const checkState = z.object({
  role: checkRole,
  status: z.enum(["pending", "passed", "warned", "failed"]),
  reason: z.string().optional(),
  process: z.string().optional().describe("The process that it is about, where it is about one"),
  since: z.string().optional(),
});
export type CheckState = z.infer<typeof checkState>;

export const alertState = z.object({
  state: z.enum(["pending", "firing"]),
  rule: z.string(),
  labels: z.record(z.string(), z.string()).optional(),
  severity: alertSeverity,
  since: z.string().describe("When what the rule looks for began to hold; of a firing one, when it fired"),
  summary: z.string(),
  value: z.number().optional().describe("When it became what it is"),
  runbook: z.string().optional(),
  advice: advice.optional(),
});
export type AlertState = z.infer<typeof alertState>;

export const ruleState = z.object({
  blind: z
    .object({ because: blindness, reason: z.string(), since: z.string() })
    .optional()
    .describe("Present while the rule can say nothing"),
  baseline: z.object({ value: z.number(), of: baselineOf, at: z.string() }).optional(),
});
export type RuleState = z.infer<typeof ruleState>;

export const patternState = z.object({
  seenAt: z.string().optional().describe("When a line last matched it and that was told"),
  line: z.string().optional(),
  captures: z.record(z.string(), z.string()).optional(),
  missed: z
    .object({ at: z.string(), process: z.string(), run: z.int() })
    .optional()
    .describe("Present when a start was not followed by it in time, and it has not been seen since"),
});
export type PatternState = z.infer<typeof patternState>;

const dueTimes = z.object({ next: z.string().optional(), lastDue: z.string().optional() });
const aboutBackup = { id: z.string(), at: z.string() };

/** What is known of the backups of one set. */
export const backupState = z.object({
  last: z
    .object({
      ...aboutBackup,
      files: z.int(),
      bytes: z.int(),
      storedBytes: z.int(),
      tookMs: z.int(),
      flawed: z.boolean().describe("It is empty, or something of it changed or vanished while it was read"),
    })
    .optional()
    .describe("The last one that was made"),
  verified: z.object(aboutBackup).optional().describe("The last time that one was read back and was what it was"),
  proven: z.object(aboutBackup).optional().describe("The last time that one was proven to restore"),
  readBack: z
    .record(z.string(), z.object({ verified: z.string().optional(), proven: z.string().optional() }))
    .optional()
    .describe("When each was last verified and proven, by id; of the newest 100"),
  damaged: z.record(z.string(), z.string()).optional().describe("Backups that are not what they were, by id, and why"),
  failed: z
    .record(z.string(), z.object({ at: z.string(), reason: z.string() }))
    .optional()
    .describe("What did not succeed when it was tried last, and why"),
  schedule: z
    .record(z.string(), dueTimes)
    .optional()
    .describe("When each thing is done next, and was last due: create, verify, drill"),
  running: z
    .object({ doing: backupDeed, since: z.string(), percent: z.int() })
    .optional()
    .describe("Present while something is done with them"),
});
export type BackupState = z.infer<typeof backupState>;

/** While people work on it nothing is restarted by itself. */
export const maintenance = z.object({ by: actor, since: z.string(), until: z.string(), reason: z.string() });
export type Maintenance = z.infer<typeof maintenance>;

/** Until when a service runs with the environment of its `debug`. */
export const debugging = maintenance.extend({
  isOver: z.boolean().optional().describe("Its time is over, and it has not been ended yet"),
});
export type Debugging = z.infer<typeof debugging>;

/** Why a service is kept stopped until it is released. */
export const isolation = z.object({
  by: actor,
  at: z.string(),
  reason: z.string(),
  processes: z.array(z.string()).describe("Those that a release starts again"),
});
export type Isolation = z.infer<typeof isolation>;

export const serviceState = z.object({
  ready: z.boolean().describe("Why not is told by `unreadyReasons`"),
  since: z.string().describe("When `ready` last changed"),
  processes: z.record(z.string(), processState),
  checks: z.record(z.string(), checkState),
  alerts: z.record(z.string(), alertState).default({}).describe("Pending and firing, by `alertKey`"),
  rules: z.record(z.string(), ruleState).default({}).describe("Those of which there is something to say"),
  patterns: z.record(z.string(), patternState).optional().describe("What was last seen of each pattern of its logs"),
  backups: z.record(z.string(), backupState).optional().describe("What is known of each set of backups"),
  attached: attached.optional().describe("Present when the process has another owner than the agent"),
  scale: z
    .record(z.string(), z.object({ instances: z.int(), configured: z.int() }))
    .optional()
    .describe("How many instances of a process somebody wants, and how many the configuration wanted then"),
  maintenance: maintenance.optional().describe("Present while people work on the service"),
  debug: debugging.optional().describe("Present while the service runs with the environment of its `debug`"),
  isolation: isolation.optional().describe("Present while the service is isolated"),
});
export type ServiceState = z.infer<typeof serviceState>;

export const controllerState = z.object({
  connected: z.boolean(),
  direction: z.enum(["inbound", "outbound"]),
  since: z.string(),
  reason: z.string().optional().describe("Why it is not connected"),
});

export const commandState = z.object({
  name: z.string(),
  actor,
  at: z.string(),
  outcome: outcome.optional().describe("Absent while it runs"),
  code: z.string().optional(),
  message: z.string().optional(),
  data: z.unknown().optional().describe("Only what is small; a larger one is in the event `command.finished` alone"),
  lastSeq: z.int().optional().describe("Seq of the `command.finished` event"),
});
export type CommandState = z.infer<typeof commandState>;

export const hostState = z.object({
  epoch: z.string(),
  seq: z.int().describe("Seq of the last event folded in; 0 before the first"),
  agent: z.object({
    id: z.string(),
    name: z.string(),
    version: z.string(),
    session: z.string(),
    bootId: z.string(),
    startedAt: z.string(),
    labels: z.record(z.string(), z.string()),
    degraded: z.record(z.string(), z.string()).describe("Part → reason"),
  }),
  config: z.object({
    hash: z.string(),
    file: z.string(),
    appliedAt: z.string(),
    rejected: z.object({ at: z.string(), problems: z.array(z.string()) }).optional(),
  }),
  maintenance: maintenance.optional().describe("Present while people work on the whole host"),
  host: inventory.optional().describe("What the host is made of, once that is known"),
  services: z.record(z.string(), serviceState),
  controllers: z.record(z.string(), controllerState),
  commands: z.record(z.string(), commandState).describe("The last ones, by id"),
});
export type HostState = z.infer<typeof hostState>;

/** How many crashes of a process the state remembers: any back-off has reached its bound by then. */
export const maxCrashes = 20;

/** How many commands the state remembers: their ids are what makes a repeated command run once. */
export const maxCommands = 256;

/** Result data that is longer than this as JSON is not remembered: the state goes over the wire as a whole. */
export const maxCommandData = 4096;

export function initialState(epoch: string): HostState {
  return {
    epoch,
    seq: 0,
    agent: { id: "", name: "", version: "", session: "", bootId: "", startedAt: "", labels: {}, degraded: {} },
    config: { hash: "", file: "", appliedAt: "" },
    services: {},
    controllers: {},
    commands: {},
  };
}

/** The maintenance that holds for a service: its own or the host's, whichever lasts longer. */
export function maintenanceOf({ maintenance, services }: HostState, service: string): Maintenance | undefined {
  const its = own(services, service)?.maintenance;
  if (!its || !maintenance) return its ?? maintenance;
  return its.until > maintenance.until ? its : maintenance;
}

export function maintenanceInWords({ by, until, reason }: Maintenance): string {
  return `in maintenance by ${by.kind} ${by.name} until ${until}: ${reason}`;
}

export function debuggingInWords({ by, until, reason }: Debugging): string {
  return `debugged by ${by.kind} ${by.name} until ${until}: ${reason}`;
}

export function isolationInWords({ by, at, reason }: Isolation): string {
  return `isolated by ${by.kind} ${by.name} at ${at}: ${reason}`;
}
