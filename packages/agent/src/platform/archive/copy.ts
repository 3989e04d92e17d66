import { createHash } from "node:crypto";
import { mkdir, open, rename, statfs, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "@ostler/protocol";
import { parseBackupId } from "../../core/backup/backup-id.js";
import { manifestName, partName, sumsName } from "../../core/backup/shelf-names.js";
import { archiveFailure, archiveFailureCode, type CopyJob, type CopyResult } from "./job.js";
import type { Progress } from "./progress.js";
import { refuseUnmounted } from "./refuse-unmounted.js";
import { shelfAt, type ShelvedBackup } from "./shelf.js";
import {
  publishCopy,
  removeCopy,
  removeKilled,
  removeUnfinished,
  takePlace,
  type IsOurs,
} from "./unfinished-copies.js";

const blockBytes = 1024 * 1024;

/**
 * Copies a backup into a second directory: its manifest comes last, so that what is there without one is no backup. The
 * archive is hashed on the way; a failure leaves nothing. A whole copy that is there already stays.
 * @throws OstlerError
 */
export async function copy(
  job: CopyJob,
  progress: Pick<Progress, "begin" | "at">,
  signal: AbortSignal,
): Promise<CopyResult> {
  const { directory, id, to } = job;
  const all = await shelfAt(directory).list();
  const backup = whole(all, job);
  progress.begin("copy", backup.bytes, 0);
  try {
    if (job.mustBeMount) await refuseUnmounted(to, directory);
    await mkdir(to, { recursive: true, mode: 0o700 });
    const isOurs = ownOf(job.agentId, all);
    await removeKilled(to, { service: "", name: "", ...parseBackupId(id) }, isOurs);
    const there = (await shelfAt(to).list()).find((one) => one.id === id);
    if (there) refuseOther(there, backup, to);
    if (there && there.problem === undefined) return { bytes: there.bytes };
    if (there) await removeCopy(to, id);
    await refuseFull(to, backup.bytes);
    await copyAll(backup, job, (bytes) => progress.at(bytes, 0), signal);
    return { bytes: backup.bytes };
  } catch (failure) {
    const isFull = ["ENOSPC", "EDQUOT"].includes((failure as NodeJS.ErrnoException).code ?? "");
    const code = isFull ? "no-space" : archiveFailureCode(failure);
    throw archiveFailure(code, `Backup ${id} could not be copied to ${to}: ${messageOf(failure)}`, failure);
  }
}

type Whole = Required<Pick<ShelvedBackup, "id" | "bytes" | "header">>;

function whole(all: readonly ShelvedBackup[], { id, directory }: CopyJob): Whole {
  const backup = all.find((one) => one.id === id);
  if (!backup) throw archiveFailure("failed", `There is no backup "${id}" in ${directory}.`);
  const { bytes, header, problem } = backup;
  if (!header || problem !== undefined) throw archiveFailure("failed", `Backup ${id} is not copied: ${problem}`);
  return { id, bytes, header };
}

/** What this agent has made, or what is the same as what is here, whoever has made it. */
function ownOf(agentId: string, all: readonly ShelvedBackup[]): IsOurs {
  const hashes = new Map(all.map(({ id, header }) => [id, header?.archive.sha256]));
  return ({ id, agent, archive }) => agent.id === agentId || hashes.get(id) === archive.sha256;
}

/** Hosts may share a directory: what another has put there is not overwritten. */
function refuseOther({ id, header, problem }: ShelvedBackup, backup: Whole, to: string): void {
  if (header?.archive.sha256 === backup.header.archive.sha256) return;
  if (!header)
    throw archiveFailure(
      "failed",
      `whose the backup ${id} is that lies in ${to} cannot be told: ${problem} Remove it.`,
    );
  throw archiveFailure("failed", `${to} has another backup ${id} already. Give each host a directory of its own.`);
}

async function refuseFull(to: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(to);
  if (bavail * bsize < bytes)
    throw archiveFailure("no-space", `${bytes} bytes are needed in ${to}, and ${bavail * bsize} are free there.`);
}

async function copyAll(
  backup: Whole,
  { directory, id, to }: CopyJob,
  progress: (bytes: number) => void,
  signal: AbortSignal,
): Promise<void> {
  let bytes = 0;
  const step: Step = { signal, copied: (more) => progress((bytes += more)) };
  await takePlace(to, id, (target) => pourFile(join(directory, manifestName(id)), target, step));
  try {
    // Another host may have come first, before the place was taken.
    const there = (await shelfAt(to).list()).find((one) => one.id === id);
    if (there) refuseOther(there, backup, to);
    await copyContent(backup, directory, to, step);
    signal.throwIfAborted();
    await publishCopy(to, id);
  } catch (failure) {
    // What cannot be removed now, since the disk is gone or full of faults, is removed by the next copy.
    await removeUnfinished(to, id).catch(() => undefined);
    throw failure;
  }
}

type Step = { signal: AbortSignal; copied: (bytes: number) => void };

async function copyContent({ id, header }: Whole, from: string, to: string, step: Step): Promise<void> {
  const { file, sha256 } = header.archive;
  if ((await copyFile(join(from, file), join(to, file), step)) !== sha256)
    throw archiveFailure("damaged", `the archive ${file} is damaged: its hash is not that of its manifest.`);
  await copyFile(join(from, sumsName(id)), join(to, sumsName(id)), step);
}

/** By a temporary file, fsync and rename; returns the hash of what was read. */
async function copyFile(from: string, to: string, step: Step): Promise<string> {
  const target = await open(partName(to), "w", 0o600);
  try {
    const hash = await pourFile(from, target, step);
    await target.sync();
    await rename(partName(to), to);
    return hash;
  } finally {
    await target.close();
  }
}

async function pourFile(from: string, target: FileHandle, step: Step): Promise<string> {
  const source = await open(from, "r");
  try {
    return await pour(source, target, step);
  } finally {
    await source.close();
  }
}

async function pour(source: FileHandle, target: FileHandle, { signal, copied }: Step): Promise<string> {
  const hash = createHash("sha256");
  const block = Buffer.allocUnsafe(blockBytes);
  for (;;) {
    signal.throwIfAborted();
    const { bytesRead } = await source.read(block, 0, blockBytes);
    if (bytesRead === 0) return hash.digest("hex");
    hash.update(block.subarray(0, bytesRead));
    for (let written = 0; written < bytesRead;)
      written += (await target.write(block, written, bytesRead - written)).bytesWritten;
    copied(bytesRead);
  }
}
