import { createHash } from "node:crypto";
import { mkdir, open, rename, statfs, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { messageOf, OstlerError } from "@ostler/protocol";
import { syncDirectory } from "../../platform/disk.js";
import { refuseUnmounted } from "./refuse-unmounted.js";
import { shelfAt, type ShelvedBackup } from "./shelf.js";
import { manifestName, partName, sumsName } from "../../core/backup/shelf-names.js";

export type CopyOptions = {
  /** Refuse where the target is on no disk of its own. */
  mustBeMount: boolean;
  progress?: (done: { bytes: number; totalBytes: number }) => void;
  signal: AbortSignal;
};

const blockBytes = 1024 * 1024;

/**
 * Copies a backup into a second directory: its manifest comes last, so that what is there without one is no backup. The
 * archive is hashed on the way; a failure leaves nothing. A whole copy that is there already stays. Gives how large it is.
 * @throws OstlerError
 */
export async function copyBackup(from: string, id: string, to: string, options: CopyOptions): Promise<number> {
  const backup = await wholeBackup(from, id);
  if (options.mustBeMount) await refuseUnmounted(to, from);
  const there = (await shelfAt(to).list()).find((one) => one.id === id);
  if (there && there.problem === undefined) {
    refuseOther(there, backup, to);
    return there.bytes;
  }
  try {
    await mkdir(to, { recursive: true, mode: 0o700 });
    if (there) await shelfAt(to).remove(id);
    await refuseFull(to, backup.bytes);
    await copyFiles(backup, from, to, options);
    return backup.bytes;
  } catch (failure) {
    await shelfAt(to)
      .remove(id)
      .catch(() => undefined); // Nothing was begun, or the disk is gone; what is left there has no manifest.
    throw told(failure, { id, to, signal: options.signal });
  }
}

type Whole = Required<Pick<ShelvedBackup, "id" | "bytes" | "header">>;

async function wholeBackup(from: string, id: string): Promise<Whole> {
  const backup = (await shelfAt(from).list()).find((one) => one.id === id);
  if (!backup) throw new OstlerError("not-found", `There is no backup "${id}" in ${from}.`);
  const { bytes, header, problem } = backup;
  if (!header || problem !== undefined) throw new OstlerError("failed", `Backup ${id} is not copied: ${problem}`);
  return { id, bytes, header };
}

/** Hosts may share a directory: what another has put there is not overwritten. */
function refuseOther({ id, header }: ShelvedBackup, backup: Whole, to: string): void {
  if (header?.archive.sha256 === backup.header.archive.sha256) return;
  throw new OstlerError(
    "wrong-state",
    `${to} has another backup ${id} already. Give each host a directory of its own.`,
  );
}

async function refuseFull(to: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(to);
  if (bavail * bsize < bytes)
    throw new OstlerError("disk-full", `${bytes} bytes are needed in ${to}, and ${bavail * bsize} are free there.`);
}

async function copyFiles(
  { id, bytes: totalBytes, header }: Whole,
  from: string,
  to: string,
  options: CopyOptions,
): Promise<void> {
  let bytes = 0;
  const { signal, progress } = options;
  const copied = (more: number): void => progress?.({ bytes: (bytes += more), totalBytes });
  const copy = (file: string): Promise<string> => copyFile(join(from, file), join(to, file), { signal, copied });
  const sha256 = await copy(header.archive.file);
  if (sha256 !== header.archive.sha256)
    throw new OstlerError(
      "failed",
      `the archive ${header.archive.file} is damaged: its hash is not that of its manifest.`,
      {
        data: { code: "damaged" },
      },
    );
  await copy(sumsName(id));
  await syncDirectory(to);
  await copy(manifestName(id));
  await syncDirectory(to);
}

type Step = { signal: AbortSignal; copied: (bytes: number) => void };

/** By a temporary file, fsync and rename; returns the hash of what was read. */
async function copyFile(from: string, to: string, step: Step): Promise<string> {
  const source = await open(from, "r");
  try {
    const target = await open(partName(to), "w", 0o600);
    try {
      const hash = await pour(source, target, step);
      await target.sync();
      await rename(partName(to), to);
      return hash;
    } finally {
      await target.close();
    }
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

function told(failure: unknown, { id, to, signal }: { id: string; to: string; signal: AbortSignal }): OstlerError {
  if (signal.aborted) return new OstlerError("cancelled", `Copying backup ${id} to ${to} was cancelled.`);
  const isFull = ["ENOSPC", "EDQUOT"].includes((failure as NodeJS.ErrnoException).code ?? "");
  const { code, data } =
    failure instanceof OstlerError ? failure : ({ code: isFull ? "disk-full" : "failed", data: undefined } as const);
  return new OstlerError(code, `Backup ${id} could not be copied to ${to}: ${messageOf(failure)}`, {
    cause: failure,
    data,
  });
}
