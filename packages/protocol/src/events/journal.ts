import * as z from "zod";

export const gapReason = z.enum(["retention", "disk_full", "corrupt", "epoch"]);
export type GapReason = z.infer<typeof gapReason>;

/** What happens to the journal itself. */
export const journalEvents = {
  "journal.gapped": z
    .object({ from: z.int(), to: z.int(), count: z.int(), reason: gapReason })
    .describe("Events of this journal are lost: damaged on disk, or dropped while the disk was full."),
};
