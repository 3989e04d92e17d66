import { messageOf } from "@ostler/protocol";
import { archiveFailure, archiveFailureCode, type RemoveCopiesJob, type RemoveCopiesResult } from "./job.js";
import { shelfAt } from "./shelf.js";
import { removeCopy } from "./unfinished-copies.js";

/** Removes copies from a second directory, each only if it is what it was said to be. @throws OstlerError */
export async function removeCopies({ to, copies }: RemoveCopiesJob, signal: AbortSignal): Promise<RemoveCopiesResult> {
  const removed: string[] = [];
  try {
    const there = new Map((await shelfAt(to).list()).map(({ id, header }) => [id, header?.archive.sha256]));
    for (const { id, sha256 } of copies) {
      signal.throwIfAborted();
      if (there.get(id) !== sha256) continue; // Of another host, or gone already.
      await removeCopy(to, id);
      removed.push(id);
    }
    return { removed };
  } catch (failure) {
    throw archiveFailure(
      archiveFailureCode(failure),
      `Copies of backups could not be removed from ${to}: ${messageOf(failure)}`,
      failure,
    );
  }
}
