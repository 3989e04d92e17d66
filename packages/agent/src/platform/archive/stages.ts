import type { Duplex, Readable, Writable } from "node:stream";
import * as zlib from "node:zlib";
import type { ManifestHeader } from "../../core/backup/manifest.js";
import { programPath, startChild } from "./children.js";
import { archiveFailure, type ArchiveFailureCode } from "./job.js";

/** One thing that is done to all bytes of an archive on their way; `done` rejects when it fails. */
export type Stage = { input: Writable; output: Readable; done: Promise<void> };

export type Compression = ManifestHeader["archive"]["compression"];

const level = { zstd: 3, gzip: 6 };
/** Node gives out what it has compressed in pieces of this size; its own are so small that they take longer to pass on. */
const chunkSize = 128 * 1024;

/** What `auto` is here: zstd, by its program or by a Node that has it, else gzip, which Node always has. */
export function chosenCompression(wanted: Compression | "auto"): Compression {
  if (wanted !== "auto") return wanted;
  return programPath("zstd") !== undefined || ownZstd.createZstdCompress !== undefined ? "zstd" : "gzip";
}

export function compressing(compression: Compression): Stage[] {
  switch (compression) {
    case "none":
      return [];
    case "gzip":
      return [byNode(zlib.createGzip({ level: level.gzip, chunkSize }), "gzip")];
    case "zstd": {
      const { createZstdCompress, constants } = ownZstd;
      if (programPath("zstd") !== undefined || !createZstdCompress)
        return [byProgram(["zstd", `-${level.zstd}`, "--quiet", "--stdout", "-"])];
      const params = { [constants.ZSTD_c_compressionLevel ?? 100]: level.zstd };
      return [byNode(createZstdCompress({ chunkSize, params }), "zstd")];
    }
    default:
      return compression satisfies never;
  }
}

export function decompressing(compression: Compression): Stage[] {
  switch (compression) {
    case "none":
      return [];
    case "gzip":
      return [byNode(zlib.createGunzip({ chunkSize }), "gzip")];
    case "zstd": {
      const { createZstdDecompress } = ownZstd;
      if (programPath("zstd") !== undefined || !createZstdDecompress)
        return [byProgram(["zstd", "--decompress", "--quiet", "--stdout", "-"], () => "damaged")];
      return [byNode(createZstdDecompress({ chunkSize }), "zstd")];
    }
    default:
      return compression satisfies never;
  }
}

/** A recipient that is a path is a file of recipients. */
export function encrypting(recipients: readonly string[]): Stage[] {
  if (recipients.length === 0) return [];
  const args = recipients.flatMap((recipient) => [recipient.startsWith("/") ? "-R" : "-r", recipient]);
  return [byProgram(["age", "--encrypt", ...args])];
}

export function decrypting(identity: string): Stage[] {
  return [
    byProgram(["age", "--decrypt", "-i", identity], (complaint) =>
      complaint.includes("identit") ? "failed" : "damaged",
    ),
  ];
}

/** Newer Nodes have zstd, and its types with them. */
const ownZstd = zlib as unknown as {
  createZstdCompress?: (options: { chunkSize: number; params: Record<number, number> }) => Duplex;
  createZstdDecompress?: (options: { chunkSize: number }) => Duplex;
  constants: { ZSTD_c_compressionLevel?: number };
};

function byProgram(
  command: readonly string[],
  codeOf: (complaint: string) => ArchiveFailureCode = () => "failed",
): Stage {
  const { stdin, stdout, ended } = startChild(command);
  const done = ended.then(({ code: exit, killedBy, complaints }) => {
    if (exit === 0) return;
    const why =
      complaints.find((line) => line.includes("error")) ?? complaints.at(-1) ?? `it ended with ${exit ?? killedBy}`;
    throw archiveFailure(exit === null ? "failed" : codeOf(why), `${command[0]} failed: ${why}`);
  });
  done.catch(() => undefined); // Whoever waits for the whole hears of it.
  return { input: stdin, output: stdout, done };
}

function byNode(transform: Duplex, name: string): Stage {
  const done = new Promise<void>((resolve, reject) => {
    transform.once("end", resolve);
    transform.once("error", (cause) => reject(archiveFailure("damaged", `${name} failed: ${cause.message}`, cause)));
  });
  done.catch(() => undefined); // As above.
  return { input: transform, output: transform, done };
}
