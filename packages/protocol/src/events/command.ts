import * as z from "zod";

/** Who sent a command. */
export const actor = z.object({
  kind: z.enum(["cli", "http", "controller", "policy", "signal"]),
  name: z.string().describe("Token id, controller name, policy name, signal, or `local`"),
});
export type Actor = z.infer<typeof actor>;

export const outcome = z.enum(["succeeded", "failed", "expired", "cancelled", "interrupted"]);
export type Outcome = z.infer<typeof outcome>;

const ofCommand = { id: z.string(), name: z.string(), actor };

/** The life of a command: accepted, then finished exactly once; or rejected. */
export const commandEvents = {
  "command.accepted": z
    .object({ ...ofCommand, args: z.record(z.string(), z.unknown()), reason: z.string().optional() })
    .describe("A command passed authorisation and is stored; it will run at most once."),
  "command.rejected": z
    .object({ ...ofCommand, code: z.string(), message: z.string() })
    .describe("A command was refused and did nothing."),
  "command.finished": z
    .object({
      ...ofCommand,
      outcome,
      code: z.string().optional().describe("Error code, see docs/errors.md"),
      message: z.string().optional(),
      data: z.unknown().optional(),
      tookMs: z.int(),
    })
    .describe("A command ended; this is its only result."),
};
