import * as z from "zod";

/** What restic says with `--json`: as far as we use it. Versions differ in what they add. */
const count = z.number().min(0).default(0);

const status = z.object({
  message_type: z.literal("status"),
  total_files: count,
  files_done: count,
  files_restored: count,
  total_bytes: count,
  bytes_done: count,
  bytes_restored: count,
});

const summary = z.object({
  message_type: z.literal("summary"),
  snapshot_id: z.string().optional(),
  total_files_processed: count,
  total_bytes_processed: count,
  data_added: count,
  /** Compressed; since 0.17. */
  data_added_packed: z.number().optional(),
});
export type ResticSummary = z.output<typeof summary>;

/** Go tells a failed system call by its number, before 0.17; then by words. */
const archivalError = z.object({
  message_type: z.literal("error"),
  error: z.object({ Err: z.unknown().optional(), Op: z.string().optional(), message: z.string().optional() }).loose(),
  item: z.string().default(""),
});
export type ResticArchivalError = z.output<typeof archivalError>;

const message = z.discriminatedUnion("message_type", [status, summary, archivalError]);
export type ResticMessage = z.output<typeof message>;

const snapshot = z.object({
  id: z.string(),
  time: z.string(),
  paths: z.array(z.string()).default([]),
  tags: z.array(z.string()).default([]),
  /** Since 0.17. */
  summary: z.object({ total_files_processed: count, total_bytes_processed: count, data_added: count }).optional(),
});
export type ResticSnapshot = z.output<typeof snapshot>;
const snapshots = z.array(snapshot).nullable();

const node = z.object({
  struct_type: z.literal("node"),
  path: z.string(),
  type: z.string(),
  size: count,
  /** As Go has it. */
  mode: count,
  mtime: z.string(),
});
export type ResticNode = z.output<typeof node>;

const lock = z.object({
  time: z.string(),
  exclusive: z.boolean().default(false),
  hostname: z.string(),
  username: z.string().default(""),
  pid: z.int(),
});

/** A line of a backup or a restore; nothing for those that say something else. */
export function messageIn(line: string): ResticMessage | undefined {
  return message.safeParse(jsonIn(line)).data;
}

/** A line of `ls`: a file or directory. The first is the snapshot. */
export function nodeIn(line: string): ResticNode | undefined {
  return node.safeParse(jsonIn(line)).data;
}

/** @throws ZodError, SyntaxError */
export function snapshotsIn(text: string): ResticSnapshot[] {
  return snapshots.parse(JSON.parse(text)) ?? [];
}

/** @throws ZodError, SyntaxError */
export function lockIn(text: string): z.output<typeof lock> {
  return lock.parse(JSON.parse(text));
}

/** The lowest bits as `lstat` has them; Go has those above elsewhere. */
export function modeOf({ mode }: ResticNode): number {
  const bit = (at: number, value: number): number => ((mode >>> at) & 1) * value;
  return (mode & 0o777) | bit(23, 0o4000) | bit(22, 0o2000) | bit(20, 0o1000);
}

function jsonIn(line: string): unknown {
  if (!line.startsWith("{")) return undefined;
  try {
    return JSON.parse(line);
  } catch {
    return undefined; // Words for people that happen to begin like this.
  }
}
