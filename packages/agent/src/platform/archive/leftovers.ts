import { existsSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { archiveFailure, type ArchiveJob } from "./job.js";
import { manifestPath } from "./manifest-file.js";
import { partSuffix } from "./part-file.js";

/** @throws OstlerError when the job would mix with what is there; afterwards everything that is there is its own */
export async function requireClear(job: ArchiveJob): Promise<void> {
  if (job.do === "create" && existsSync(manifestPath(job.directory, job.id)))
    throw archiveFailure("failed", `There is a backup ${job.id} in ${job.directory} already.`);
  if (job.do === "extract" && (await readdir(job.into)).length > 0)
    throw archiveFailure("failed", `${job.into} is not empty. Name a directory that is.`);
}

/** Removes what a job has left that failed or was killed: parts, an archive without a manifest, what was extracted. */
export async function removeLeftovers(job: ArchiveJob): Promise<void> {
  switch (job.do) {
    case "create":
      return removeParts(job.directory, job.id);
    case "extract":
      for (const name of await readdir(job.into, { encoding: "buffer" }))
        await rm(Buffer.concat([Buffer.from(`${job.into}/`), name]), { recursive: true, force: true });
      return;
    case "verify":
      return;
    default:
      return job satisfies never;
  }
}

async function removeParts(directory: string, id: string): Promise<void> {
  const isBackup = existsSync(manifestPath(directory, id));
  for (const name of await readdir(directory))
    if (name.startsWith(`${id}.`) && (!isBackup || name.endsWith(partSuffix)))
      await rm(join(directory, name), { force: true });
}
