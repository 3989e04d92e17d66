import { constants, type Stats } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import type { Access } from "./access.js";

/** Facts of a file that reading needs. */
export type Facts = Identity & { size: number; blocks: number; modifiedMs: number };

/** Which file it is, whatever it is called. The number alone is given to another file soon after one was removed. */
export type Identity = { device: number; inode: number; bornMs: number };

export function isSameFile(a: Identity, b: Identity): boolean {
  return a.inode === b.inode && a.device === b.device && a.bornMs === b.bornMs;
}

/** Bytes that can be read from an offset on: a file's own, or what is unpacked out of one. */
export type ByteSource = {
  /** How many were read into the buffer; fewer than wanted only at the end. */
  read: (buffer: Buffer, length: number, offset: number) => Promise<number>;
  facts: () => Promise<Facts>;
  close: () => Promise<void>;
  /** For a watch. Only files have one. */
  descriptor?: number;
};

/** Opens a regular file, also one that is larger than anybody would read at once. @throws ErrnoException, and what says it is none */
export async function openFile(path: string, access: Access): Promise<ByteSource> {
  // Whoever opens a pipe would wait for a writer.
  const file = await access.ask(() => open(path, constants.O_RDONLY | constants.O_NONBLOCK));
  const stats = await access.ask(() => file.stat());
  if (!stats.isFile()) {
    await file.close();
    throw notAFile(path);
  }
  return {
    read: async (buffer, length, offset) => (await access.ask(() => file.read(buffer, 0, length, offset))).bytesRead,
    facts: () => access.ask(() => factsOf(file)),
    close: () => access.ask(() => file.close()),
    descriptor: file.fd,
  };
}

export function notAFile(path: string): Error {
  return new Error(`${path} is not a regular file. Name a file that is written to.`);
}

async function factsOf(file: FileHandle): Promise<Facts> {
  return toFacts(await file.stat());
}

export function toFacts({ dev, ino, size, blocks, mtimeMs, birthtimeMs }: Stats): Facts {
  return { device: dev, inode: ino, bornMs: birthtimeMs, size, blocks, modifiedMs: mtimeMs };
}
