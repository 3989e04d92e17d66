import * as z from "zod";
import { setting } from "../setting.js";
import { size } from "../values.js";

/** Smaller files would be rotated all the time. */
const minFileBytes = 4096;

/** Where the lines of a source go as well. */
export const forwardConfig = z
  .strictObject({
    agent_log: setting(z.literal(true).optional(), "Into the agent's own log, which may be systemd's journal"),
    file: setting(z.string().min(1).optional(), "Into a file of its own, which is rotated by the agent"),
    max_size: setting(
      size.refine((bytes) => bytes >= minFileBytes, "must be at least 4KiB").prefault("64MiB"),
      "A `file` that has become so large is renamed to FILE.1",
    ),
    keep: setting(z.int().min(0).max(100).default(4), "So many renamed files are kept; the oldest is removed"),
  })
  .refine(
    ({ agent_log: log, file }) => (log === undefined) !== (file === undefined),
    "must have either agent_log or file",
  );
export type ForwardConfig = z.output<typeof forwardConfig>;
