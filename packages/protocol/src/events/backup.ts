import * as z from "zod";

/** What is done with the backups of a service. */
export const backupDeed = z.enum(["create", "verify", "restore", "drill", "prune", "copy"]);
export type BackupDeed = z.infer<typeof backupDeed>;

/** What the clock makes due. */
export const scheduledDeed = z.enum(["create", "verify", "drill"]);
export type ScheduledDeed = z.infer<typeof scheduledDeed>;

const ofSet = {
  service: z.string(),
  backup: z.string().describe("Name of the set, in `backups` of the service"),
};
const id = z.string().describe("Of the backup: `SERVICE.NAME.` and its time in UTC");
const count = z.int().min(0);
const paths = z.array(z.string()).describe("The first 20");
const tookMs = count;
const time = z.iso.datetime();

/** How much of a backup was read back. */
export const readBack = {
  isWhole: z
    .boolean()
    .describe(
      "False where not all of it was read: a `part` of the repository, or the archive as such, because it is encrypted and there is no identity",
    ),
  part: z
    .string()
    .optional()
    .describe(
      "Which part of a repository of restic was read, of how many, such as `3/10`; absent where it was all of it, and for archives",
    ),
};

/** What a backup left out or could not take as it was; all empty in a good one. */
export const backupFlaws = z.object({
  isEmpty: z.boolean().describe("There is no file in it"),
  changed: paths.describe(
    "Files that changed while they were read, each time: what is in the backup may be half of each",
  ),
  vanished: paths.describe("Files that were there at first and then not"),
  skipped: paths.describe("Sockets and devices, which are in no backup, and what may not be read"),
});
export type BackupFlaws = z.infer<typeof backupFlaws>;

export const backupEvents = {
  "backup.scheduled": z
    .object({ ...ofSet, doing: scheduledDeed, next: time })
    .describe("It is known when something is to be done with the backups of a set next."),
  "backup.triggered": z
    .object({
      ...ofSet,
      doing: scheduledDeed,
      due: time,
      next: time.optional(),
      late: z.boolean().describe("It makes up for times that were missed"),
    })
    .describe("Something is due with the backups of a set; a command that does it follows."),
  "backup.missed": z
    .object({
      ...ofSet,
      doing: scheduledDeed,
      from: time,
      to: time,
      because: z.string(),
      then: z.enum(["skip", "run"]),
    })
    .describe("Times passed at which something was to be done with the backups of a set."),
  "backup.began": z
    .object({ ...ofSet, doing: backupDeed, id: id.optional(), mode: z.enum(["hot", "cold"]).optional() })
    .describe("Something is being done with the backups of a set."),
  "backup.progressed": z
    .object({
      ...ofSet,
      doing: backupDeed,
      phase: z.string(),
      percent: count.max(100),
      bytes: count,
      totalBytes: count,
      files: count,
      totalFiles: count,
    })
    .describe("How far it is; at most one a second, and none without a change."),
  "backup.created": z
    .object({
      ...ofSet,
      id,
      engine: z.enum(["archive", "restic"]),
      note: z.string().optional().describe("What it is for, where it is none like others: made before a restore"),
      files: count,
      bytes: count.describe("Of the files"),
      storedBytes: count.describe("Of the archive, or what came to the repository"),
      flaws: backupFlaws,
      copyTo: z.string().optional().describe("The second directory of its set, where that has one"),
      tookMs,
    })
    .describe("There is a new backup."),
  "backup.verified": z
    .object({
      ...ofSet,
      id,
      files: count.describe("In the backup"),
      bytes: count.describe("Of these files"),
      ...readBack,
      tookMs,
    })
    .describe("A backup was read back, and what was read of it is what it was."),
  "backup.copied": z
    .object({ ...ofSet, id, to: z.string(), bytes: count.describe("Of all its files"), tookMs })
    .describe("A backup is in the second directory of its set, too."),
  "backup.damaged": z
    .object({ ...ofSet, id, reason: z.string() })
    .describe("A backup was read back, and is not what it was."),
  "backup.pruned": z
    .object({ ...ofSet, removed: z.array(z.string()), kept: count, freedBytes: count })
    .describe("Backups that are not to be kept any longer were removed."),
  "backup.restored": z
    .object({
      ...ofSet,
      id,
      to: z.string().optional().describe("The directory; absent where it was restored into place"),
      files: count,
      bytes: count,
      safety: z.string().optional().describe("Id of the backup that was made just before"),
      kept: z.array(z.string()).describe("Where something is that was in place before and is in no backup"),
      tookMs,
    })
    .describe("A backup was restored."),
  "backup.drilled": z
    .object({
      ...ofSet,
      id,
      files: count,
      bytes: count,
      checked: z.boolean().describe("The check of the set has passed, too"),
      tookMs,
    })
    .describe("A backup was restored into a directory of its own, compared, and checked: it is proven to restore."),
  "backup.failed": z
    .object({ ...ofSet, doing: backupDeed, id: id.optional(), reason: z.string() })
    .describe("Something could not be done with the backups of a set; nothing is changed by it."),
  "backup.interrupted": z
    .object({
      ...ofSet,
      doing: backupDeed,
      undone: z.array(z.string()).describe("What was done so that nothing stays half done"),
    })
    .describe("An agent was killed while it did something with the backups of a set; the next one has cleaned up."),
  "backup.removed": z.object(ofSet).describe("The configuration has no such set of backups any more."),
};
