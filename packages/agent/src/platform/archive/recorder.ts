import { createHash, type Hash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import type { ManifestFile } from "../../core/backup/manifest.js";
import { archiveFailure } from "./job.js";
import { shown } from "./path-bytes.js";
import type { TarMember } from "./tar-header.js";

/** Makes of each member of an archive what the manifest says of it; the content is hashed as it passes. */
export class Recorder {
  readonly #recorded: (file: ManifestFile) => void;
  #current: { file: ManifestFile; hash: Hash | undefined } | undefined;
  /** Members so far, and bytes of their content with its holes; and of the holes alone. */
  members = 0;
  bytes = 0;
  holeBytes = 0;

  constructor(recorded: (file: ManifestFile) => void) {
    this.#recorded = recorded;
  }

  /** Only what is `hashed` is recorded. */
  readonly member = (member: TarMember, hashed: unknown = true): void => {
    this.members++;
    this.#current =
      hashed === false
        ? undefined
        : { file: headerRecordOf(member), hash: member.type === "file" ? createHash("sha256") : undefined };
  };

  readonly content = (bytes: Buffer): void => {
    this.bytes += bytes.length;
    this.#current?.hash?.update(bytes);
  };

  /** A hole is read as zeros; now and then somebody else has a turn. */
  readonly hole = async (bytes: number): Promise<void> => {
    this.holeBytes += bytes;
    for (let left = bytes, turns = 1; left > 0; left -= zeros.length, turns++) {
      this.content(left < zeros.length ? zeros.subarray(0, left) : zeros);
      if (turns % turnAfter === 0) await setImmediate();
    }
  };

  readonly memberEnd = (): void => {
    if (!this.#current) return;
    const { file, hash } = this.#current;
    this.#recorded(hash ? { ...file, sha256: hash.digest("hex") } : file);
    this.#current = undefined;
  };
}

const zeros = Buffer.alloc(1024 * 1024);
const turnAfter = 16;

/** The last moment that a date can be written with four digits of a year. */
const maxTimeMs = Date.UTC(10_000, 0) - 1;

/** What a manifest says of a member by its headers alone. @throws OstlerError `refused` */
export function headerRecordOf({ path, type, size, mode, uid, gid, mtimeMs, target, odd }: TarMember): ManifestFile {
  if (type === "device" || type === "unknown")
    throw archiveFailure("refused", `${shown(path)} is neither a file nor a directory, link or FIFO.`);
  if (odd !== undefined) throw archiveFailure("refused", `${shown(path)} has ${odd}.`);
  return {
    path,
    type,
    size: type === "file" ? size : 0,
    mode: mode.toString(8).padStart(4, "0"),
    uid,
    gid,
    mtime: new Date(Math.min(Math.max(0, mtimeMs), maxTimeMs)).toISOString(),
    ...(type === "symlink" || type === "hardlink" ? { target } : {}),
  };
}
