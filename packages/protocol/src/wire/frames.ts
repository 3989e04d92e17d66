import * as z from "zod";
import { actor, outcome } from "../events/command.js";
import { gapReason } from "../events/journal.js";
import { logLevels } from "./log-line.js";

/** The frames of `ostler.v1+json`: one JSON object a text message, `t` tells the kind. Unknown fields are ignored. */

/** Longest text of one frame, in bytes, unless both sides agree on less. */
export const maxFrameBytes = 1024 * 1024;

const seq = z.int().min(0);
const epoch = z.string().min(1).max(64);
const id = z.string().min(1).max(128);
const text = z.string().max(4096);

const errorFrame = z
  .object({
    t: z.literal("error"),
    code: z.string(),
    message: z.string(),
    ref: z.string().optional(),
    retry_after_s: z.number().optional(),
  })
  .describe("Something in the last frames was wrong; the link stays up unless a close follows");
const goaway = z
  .object({ t: z.literal("goaway"), reason: z.string(), retry_after_s: z.number().min(0).optional() })
  .describe("Please disconnect and come back later");
const bye = z
  .object({ t: z.literal("bye"), reason: z.string(), expect_back_s: z.number().optional() })
  .describe("The sender is going to close the link");

export const agentFrames = {
  hello: z
    .object({
      t: z.literal("hello"),
      proto: z.array(z.int()).describe("Protocol versions, newest first"),
      agent: z.object({
        id: z.string(),
        name: z.string(),
        version: z.string(),
        labels: z.record(z.string(), z.string()),
      }),
      boot: z.string().describe("The kernel's boot id"),
      session: z.string().describe("New for each agent process"),
      caps: z.array(z.string()).describe("Commands this link may send, and features"),
      limits: z.object({ max_frame: z.int(), max_inflight_cmds: z.int() }),
      stream: z
        .object({ epoch, first: seq, next: seq, acked: seq })
        .describe("What the journal holds, and up to where this controller has acknowledged"),
    })
    .describe("First frame of a session"),
  state: z
    .object({
      t: z.literal("state"),
      rev: z.int().describe("Counts the state frames of a session"),
      at_seq: seq.describe("The state is the fold of all events up to here"),
      hash: z.string(),
      full: z.record(z.string(), z.unknown()).optional(),
      patch: z.record(z.string(), z.unknown()).optional().describe("JSON merge patch on the state frame before"),
    })
    .describe("The latest state: full after the welcome and on `want_state`, else a patch. It may overtake events"),
  events: z
    .object({ t: z.literal("events"), epoch, events: z.array(z.unknown()).min(1).describe("CloudEvents, in order") })
    .describe("A batch of events"),
  gap: z
    .object({ t: z.literal("gap"), epoch, from: seq, to: seq, count: z.int(), reason: gapReason })
    .describe("These events will never come"),
  cmd_ack: z
    .object({
      t: z.literal("cmd_ack"),
      id,
      status: z.enum(["accepted", "duplicate", "rejected"]),
      code: z.string().optional(),
      message: z.string().optional(),
    })
    .describe("A command is stored and will run, is known already, or was refused"),
  cmd_progress: z
    .object({ t: z.literal("cmd_progress"), id, phase: z.string(), percent: z.number().optional() })
    .describe("How far a command is; may be dropped"),
  cmd_result: z
    .object({
      t: z.literal("cmd_result"),
      id,
      status: outcome,
      code: z.string().optional(),
      message: z.string().optional(),
      data: z.unknown().optional(),
      last_seq: seq.describe("The events of this command have come when this seq has"),
    })
    .describe("How a command ended; sent again to whoever sends the command again"),
  logs: z
    .object({ t: z.literal("logs"), id, lines: z.array(z.unknown()), dropped: z.int() })
    .describe("Log lines of an open log stream, or notes about it, and how many were dropped since the last frame"),
  heartbeat: z
    .object({
      t: z.literal("heartbeat"),
      hash: z.string(),
      seq: seq.describe("Of the hashed state"),
      next: seq,
      lag_ms: z.number(),
    })
    .describe("Sent when nothing else was for the welcomed interval"),
  error: errorFrame,
  goaway,
  bye,
};

export const controllerFrames = {
  welcome: z
    .object({
      t: z.literal("welcome"),
      proto: z.int(),
      controller: z.object({ id: z.string().max(128), name: z.string().max(128), version: z.string().max(64) }),
      heartbeat_s: z.number().min(0.05).max(3600).default(30),
      window: z
        .object({
          events: z.int().min(1).max(100_000),
          bytes: z
            .int()
            .min(1024)
            .max(64 * 1024 * 1024),
        })
        .default({ events: 4096, bytes: 4 * 1024 * 1024 })
        .describe("How much may be sent without being acknowledged"),
      resume: z
        .object({ epoch: epoch.optional(), from: z.int().min(1) })
        .optional()
        .describe("First event wanted; absent: after the last one acknowledged"),
      events: z
        .array(z.string().max(256))
        .max(64)
        .default([])
        .describe("Only types matching these globs; empty means all"),
    })
    .describe("Answer to hello; opens the session"),
  want_state: z.object({ t: z.literal("want_state") }).describe("Asks for a full state frame"),
  ack: z
    .object({ t: z.literal("ack"), epoch, upto: seq })
    .describe("Every event up to here is stored durably by the controller (cumulative)"),
  cmd: z
    .object({
      t: z.literal("cmd"),
      id,
      name: z.string().max(128),
      args: z.record(z.string(), z.unknown()).default({}),
      reason: text.optional(),
      actor: actor.partial().optional().describe("On whose behalf; recorded, never trusted"),
      expires: z.iso.datetime().optional().describe("Not to be started after this time"),
      timeout_s: z.number().positive().max(86_400).optional(),
    })
    .describe("Run a command, at most once for each id"),
  cmd_result_ack: z.object({ t: z.literal("cmd_result_ack"), id }).describe("The result is stored"),
  cmd_cancel: z.object({ t: z.literal("cmd_cancel"), id }).describe("Withdraw a command that has not finished"),
  logs_open: z
    .object({
      t: z.literal("logs_open"),
      id,
      service: z.string().optional().describe("All services when absent"),
      process: z.string().optional(),
      source: z.string().optional().describe("A log that the configuration of the service names"),
      last: z.int().min(0).max(10_000).default(0).describe("With `since` and 0: all since then"),
      since: z.string().max(64).optional().describe("RFC 3339, or so long ago, like 1h"),
      grep: z.string().max(1000).optional().describe("Regular expression of the lines that are wanted"),
      ignore_case: z.boolean().optional(),
      level: z.enum(logLevels).optional().describe("The least severe that is wanted"),
    })
    .describe("Stream log lines: the last ones, in the order of time, then what comes; droppable"),
  logs_close: z.object({ t: z.literal("logs_close"), id }).describe("End a log stream"),
  heartbeat: z.object({ t: z.literal("heartbeat") }).describe("Sent when nothing else was for the interval"),
  error: errorFrame,
  goaway,
  bye,
};

type Frames<T extends Record<string, z.ZodType>> = z.infer<T[keyof T]>;
export type AgentFrame = Frames<typeof agentFrames>;
export type ControllerFrame = Frames<typeof controllerFrames>;
export type AgentFrameOf<K extends keyof typeof agentFrames> = z.infer<(typeof agentFrames)[K]>;
export type ControllerFrameOf<K extends keyof typeof controllerFrames> = z.infer<(typeof controllerFrames)[K]>;
