import { closeSync, mkdirSync, openSync, rmSync } from "node:fs";
import { open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { OstlerError, messageOf } from "@ostler/protocol";
import type { AppendFile, Disk, DiskFile } from "../core/disk.js";

/** A directory of the host as a Disk; created, for its owner only, when absent. @throws OstlerError `failed` */
export function openDisk(directory: string): Disk {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    probe(directory);
  } catch (cause) {
    throw new OstlerError(
      "failed",
      `Cannot store anything in ${directory}: ${messageOf(cause)}. Make it writable for the agent's user.`,
      {
        cause,
      },
    );
  }
  const at = (name: string): string => join(directory, name);
  return {
    list: async () => (await Promise.all((await readdir(directory)).map((name) => fileAt(directory, name)))).flat(),
    read: (name, position, length) => readAt(at(name), position, length),
    open: (name) => openForAppend(at(name), directory),
    replace: (name, text) => replaceFile(at(name), text, directory),
    remove: (name) => rm(at(name), { force: true }),
  };
}

/** Writes `path` by temp file, fsync and rename. */
export async function replaceFile(path: string, text: string, directory: string, mode = 0o600): Promise<void> {
  const temporary = `${path}.new`;
  const file = await open(temporary, "w", mode);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  await syncDirectory(directory);
}

/** A read-only file system answers every mkdir of what exists with success; only creating a file tells the truth. */
function probe(directory: string): void {
  const path = join(directory, ".probe");
  closeSync(openSync(path, "w", 0o600));
  rmSync(path);
}

async function fileAt(directory: string, name: string): Promise<DiskFile[]> {
  const stats = await stat(join(directory, name)).catch(() => undefined); // Gone since the directory was read.
  return stats?.isFile() ? [{ name, bytes: stats.size, modifiedMs: stats.mtimeMs }] : [];
}

async function readAt(path: string, position: number, length: number): Promise<Buffer> {
  const file = await open(path, "r");
  try {
    const buffer = Buffer.allocUnsafe(length);
    let filled = 0;
    while (filled < length) {
      const { bytesRead } = await file.read(buffer, filled, length - filled, position + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return buffer.subarray(0, filled);
  } finally {
    await file.close();
  }
}

async function openForAppend(path: string, directory: string): Promise<AppendFile> {
  const file = await open(path, "a", 0o600);
  await syncDirectory(directory);
  return {
    append: async (bytes) => {
      for (let written = 0; written < bytes.length;)
        written += (await file.write(bytes, written, bytes.length - written)).bytesWritten;
    },
    sync: () => file.datasync(),
    truncate: (bytes) => file.truncate(bytes),
    close: () => file.close(),
  };
}

/** Names in a directory survive a crash of the host. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
