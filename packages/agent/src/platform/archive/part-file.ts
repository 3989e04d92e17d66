import { createHash } from "node:crypto";
import { open, rename, statfs, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { archiveFailure, archiveFailureCode } from "./job.js";

/** What is written ends in this until it is whole. */
export const partSuffix = ".part";

/** So much is handed to the disk at a time while more is made, so that the wait at the end is short. */
const syncEveryBytes = 32 * 1024 * 1024;

/** How much more may be written is looked at when so much was, or nearly as much as that is; but not for less. */
const lookEveryBytes = 64 * 1024 * 1024;
const leastLookBytes = 1024 * 1024;

/** How many bytes more may be written. @throws OstlerError when it is too much already */
export type RoomLeft = () => Promise<number>;

type Datasync = (file: FileHandle) => Promise<void>;
type How = { roomLeft: RoomLeft; datasync: Datasync };

const usual: How = { roomLeft: async () => Infinity, datasync: (file) => file.datasync() };

/** What a program has written is read so often, and so much of it at once. */
const lookMs = 20;
const blockBytes = 1024 * 1024;

/** A file that is there under its name only when it is whole and on the disk; hashed as it is written. */
export class PartFile {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #roomLeft: RoomLeft;
  readonly #hash = createHash("sha256");
  readonly #datasync: Datasync;
  #unsynced = 0;
  /** A sync that was begun ahead; it never rejects. */
  #ahead: Promise<void> | undefined;
  #aheadFailure: { of: unknown } | undefined;
  #lookAtBytes = leastLookBytes;
  bytes = 0;

  /** @throws OstlerError `no-space`, `failed` */
  static async create(path: string, how: Partial<How> = {}): Promise<PartFile> {
    const file = await open(`${path}${partSuffix}`, "w+", 0o600).catch((failure: unknown) => told(failure, path));
    return new PartFile(path, file, { ...usual, ...how });
  }

  /** For a part that is there already, and empty. @throws OstlerError `failed`, also when it is gone */
  static async fill(path: string): Promise<PartFile> {
    const file = await open(`${path}${partSuffix}`, "r+").catch((failure: unknown) => told(failure, path));
    return new PartFile(path, file, usual);
  }

  private constructor(path: string, file: FileHandle, { roomLeft, datasync }: How) {
    this.#path = path;
    this.#file = file;
    this.#roomLeft = roomLeft;
    this.#datasync = datasync;
  }

  /** For a program that writes into it by itself; see `follow`. */
  get descriptor(): number {
    return this.#file.fd;
  }

  async write(bytes: Buffer): Promise<void> {
    await this.#count(bytes);
    for (let at = 0; at < bytes.length;)
      at += (await this.#file.write(bytes, at).catch((failure: unknown) => told(failure, this.#path))).bytesWritten;
  }

  /** Reads on in what a program writes, until that has ended. @throws OstlerError `too-large`, `no-space`, `failed` */
  async follow(ended: Promise<void>): Promise<void> {
    const block = Buffer.allocUnsafe(blockBytes);
    let isOver = false;
    const over = ended.finally(() => (isOver = true));
    over.catch(() => undefined); // Its own failure is thrown below.
    for (let isLast = false; !isLast;) {
      isLast = isOver;
      if (!isLast) await Promise.race([over, sleep(lookMs)]).catch(() => undefined);
      for (let read = block.length; read > 0;) {
        read = (await this.#file.read(block, 0, block.length, this.bytes)).bytesRead;
        if (read > 0) await this.#count(block.subarray(0, read));
      }
    }
    await ended.catch((failure: unknown) =>
      archiveFailureCode(failure) === "no-space" ? tellNoSpace(this.#path, failure) : Promise.reject(failure as Error),
    );
  }

  async #count(bytes: Buffer): Promise<void> {
    this.#hash.update(bytes);
    this.bytes += bytes.length;
    this.#unsynced += bytes.length;
    if (this.#unsynced >= syncEveryBytes && !this.#ahead) this.#syncAhead();
    if (this.bytes < this.#lookAtBytes) return;
    this.#lookAtBytes = this.bytes + Math.max(leastLookBytes, Math.min(lookEveryBytes, await this.#roomLeft()));
  }

  /** As a stream; to be finished afterwards. */
  writable(): Writable {
    return new Writable({
      highWaterMark: 1024 * 1024,
      write: (chunk: Buffer, _encoding, done) => void this.write(chunk).then(() => done(), done),
    });
  }

  /** Everything is on the disk; it still has the name of a part. */
  async finish(): Promise<string> {
    await this.#ahead;
    if (this.#aheadFailure) await told(this.#aheadFailure.of, this.#path);
    await this.#file.sync().catch((failure: unknown) => told(failure, this.#path));
    await this.#file.close();
    return this.#hash.digest("hex");
  }

  async publish(): Promise<void> {
    await rename(`${this.#path}${partSuffix}`, this.#path);
  }

  /** What goes wrong here is kept: Linux tells once of what it could not write, and the sync at the end would succeed. */
  #syncAhead(): void {
    this.#unsynced = 0;
    this.#ahead = this.#datasync(this.#file)
      .catch((failure: unknown) => void (this.#aheadFailure ??= { of: failure }))
      .finally(() => (this.#ahead = undefined));
  }
}

/** Bytes that are free for whoever asks. */
export async function freeBytes(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize;
}

async function told(failure: unknown, path: string): Promise<never> {
  const { code, message } = failure as NodeJS.ErrnoException;
  if (code !== "ENOSPC" && code !== "EDQUOT")
    throw archiveFailure("failed", `${path} cannot be written: ${message}`, failure);
  return tellNoSpace(path, failure);
}

async function tellNoSpace(path: string, failure: unknown): Promise<never> {
  const free = await freeBytes(dirname(path));
  throw archiveFailure(
    "no-space",
    `No space is left on the disk of ${dirname(path)} for ${path}: ${free} bytes are free. Make room, or keep fewer backups.`,
    failure,
  );
}
