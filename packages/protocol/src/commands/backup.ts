import * as z from "zod";
import { backupFlaws, readBack } from "../events/backup.js";
import type { CommandSpec } from "./index.js";

const service = z.string().min(1).max(64);
const backup = z.string().min(1).max(64).describe("Name of the set, in `backups` of the service");
const id = z.string().min(1).max(200).describe("Of the backup, as `ostler backup list` shows it; or `latest`");
const count = z.int().min(0);

/** A backup as it is listed. */
export const listedBackup = z.object({
  id: z.string(),
  service: z.string(),
  name: z.string(),
  time: z.iso.datetime(),
  engine: z.enum(["archive", "restic"]),
  mode: z.enum(["hot", "cold"]).optional(),
  files: count.optional(),
  size: count.optional().describe("Bytes of the files"),
  occupied: count.optional().describe("What the files have without the holes of sparse ones, where that is known"),
  storedSize: count.optional().describe("Bytes of the archive"),
  paths: z.array(z.string()).optional().describe("What was backed up, as the backup itself says: absolute, globs"),
  encrypted: z.boolean(),
  flawed: z.boolean().describe("Something is missing from it, or changed while it was read"),
  verifiedAt: z.iso.datetime().optional(),
  provenAt: z.iso.datetime().optional().describe("When a drill last restored it"),
  copiedTo: z.string().optional().describe("The second directory, where it has a whole copy of it"),
  unreadable: z
    .boolean()
    .optional()
    .describe("What is in it cannot be read; it is never removed by itself, and its time is that of its id"),
  problem: z.string().optional().describe("Why it is no good"),
  note: z.string().optional(),
});
export type ListedBackup = z.infer<typeof listedBackup>;

/** What a rule of keeping says of one backup. */
export const keptBackup = z.object({ id: z.string(), reasons: z.array(z.string()) });

export const backupCommands = {
  "backup.create": {
    scope: "write",
    args: z.strictObject({ service, backup }),
    result: z.object({ id: z.string(), files: count, bytes: count, storedBytes: count, flaws: backupFlaws }),
    about: "Make a backup of a set, now; then verify it and remove those that are not to be kept, as the set says.",
    ownTimeout: true,
    lane: "backup",
  },
  "backup.verify": {
    scope: "write",
    args: z.strictObject({ service, backup, id: id.default("latest") }),
    result: z.object({ id: z.string(), files: count, bytes: count, ...readBack }),
    about:
      "Read a backup back and compare every file with what was noted of it when it was made; of a repository of restic, the next part of all that is in it.",
    ownTimeout: true,
    lane: "backup",
  },
  "backup.restore": {
    scope: "admin",
    args: z.strictObject({
      service,
      backup,
      id: id.default("latest"),
      to: z
        .string()
        .min(1)
        .max(4096)
        .optional()
        .describe("A directory that is empty or not there; into place when absent"),
      only: z.array(z.string().min(1).max(4096)).max(100).optional().describe("Only what matches one of these globs"),
      stop: z.boolean().default(false).describe("Stop the service for it, and start it afterwards"),
    }),
    result: z.object({
      id: z.string(),
      files: count,
      bytes: count,
      safety: z.string().optional().describe("Id of the backup that was made of what was there"),
      kept: z.array(z.string()),
    }),
    about:
      "Restore a backup, into place or into a directory. Into place only while the service is stopped, or with `stop`; what was there is backed up first, and a failure leaves it.",
    ownTimeout: true,
    lane: "backup",
  },
  "backup.drill": {
    scope: "write",
    args: z.strictObject({ service, backup, id: id.default("latest") }),
    result: z.object({
      id: z.string(),
      files: count,
      bytes: count,
      checked: z.boolean(),
      output: z.string().optional(),
    }),
    about:
      "Prove that a backup restores: into a directory of its own, compared file by file, and checked by the set's own command.",
    ownTimeout: true,
    lane: "backup",
  },
  "backup.prune": {
    scope: "write",
    args: z.strictObject({ service, backup, dryRun: z.boolean().default(false) }),
    result: z.object({ kept: z.array(keptBackup), removed: z.array(z.string()), freedBytes: count }),
    about: "Remove backups that are not to be kept any longer, by the set's `keep`; with `dryRun` only say which.",
    ownTimeout: true,
    lane: "backup",
  },
} satisfies Record<string, CommandSpec>;
