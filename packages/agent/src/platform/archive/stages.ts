import type { Duplex, Readable, Writable } from "node:stream";
import * as zlib from "node:zlib";
import type { ManifestHeader } from "../../core/backup/manifest.js";
import { programPath, startChild, type Child } from "./children.js";
import { archiveFailure, type ArchiveFailureCode } from "./job.js";

/** One thing that is done to all bytes of an archive on their way; `done` rejects when it fails. */
export type Stage = { input: Writable; output: Readable; done: Promise<void> };
/** The last one, where it is a program that writes into the file itself. */
export type LastStage = Omit<Stage, "output">;

export type Compression = ManifestHeader["archive"]["compression"];

const level = { zstd: 3, gzip: 6 };
/** Node gives out what it has compressed in pieces of this size; its own are so small that they take longer to pass on. */
const chunkSize = 128 * 1024;

/** What `auto` is here: zstd, by its program or by a Node that has it, else gzip, which Node always has. */
export function chosenCompression(wanted: Compression | "auto"): Compression {
  if (wanted !== "auto") return wanted;
  return programPath("zstd") !== undefined || ownZstd.createZstdCompress !== undefined ? "zstd" : "gzip";
}

/** How an archive is packed on its way into a file: through stages, the last of which may write into it by itself. */
export function packing(
  compression: Compression,
  recipients: readonly string[],
  into: number,
): { stages: Stage[]; last: LastStage | undefined } {
  const encrypt = recipients.length > 0 ? ageFor(recipients) : undefined;
  if (encrypt) return { stages: compressing(compression), last: intoFile(encrypt, into) };
  if (compression === "zstd" && programPath("zstd") !== undefined) return { stages: [], last: intoFile(zstd, into) };
  return { stages: compressing(compression), last: undefined };
}

const zstd = ["zstd", `-${level.zstd}`, "--quiet", "--stdout", "-"];

function compressing(compression: Compression): Stage[] {
  switch (compression) {
    case "none":
      return [];
    case "gzip":
      return [byNode(zlib.createGzip({ level: level.gzip, chunkSize }), "gzip")];
    case "zstd": {
      const { createZstdCompress, constants } = ownZstd;
      if (programPath("zstd") !== undefined || !createZstdCompress) return [byProgram(zstd)];
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
        return [byProgram(["zstd", "--decompress", "--quiet", "--stdout", "-"], { codeOf: () => "damaged" })];
      return [byNode(createZstdDecompress({ chunkSize }), "zstd")];
    }
    default:
      return compression satisfies never;
  }
}

function ageFor(recipients: readonly string[]): string[] {
  return ["age", "--encrypt", ...recipients.flatMap((one) => ["-r", one])];
}

/** What fails here says nothing of the archive: that it is damaged is told by its hash. */
export function decrypting(identity: string): Stage[] {
  const todo = `Look at \`encrypt.identity\`: ${identity} must be a file with the key for which the backup was encrypted.`;
  return [byProgram(["age", "--decrypt", "-i", identity], { todo })];
}

/** Newer Nodes have zstd, and its types with them. */
const ownZstd = zlib as unknown as {
  createZstdCompress?: (options: { chunkSize: number; params: Record<number, number> }) => Duplex;
  createZstdDecompress?: (options: { chunkSize: number }) => Duplex;
  constants: { ZSTD_c_compressionLevel?: number };
};

function byProgram(command: readonly string[], meaning?: Meaning): Stage {
  const { stdin, stdout, ended } = startChild(command);
  if (!stdout) throw archiveFailure("failed", `${command[0]} gives nothing.`);
  return { input: stdin, output: stdout, done: endOf(command, ended, meaning) };
}

function intoFile(command: readonly string[], into: number): LastStage {
  const { stdin, ended } = startChild(command, { into });
  const codeOf: Meaning["codeOf"] = (why) => (/no space left/i.test(why) ? "no-space" : "failed");
  return { input: stdin, done: endOf(command, ended, { codeOf }) };
}

/** What it means that a program fails: by what it complains of; and what to do then. */
type Meaning = { codeOf?: (complaint: string) => ArchiveFailureCode; todo?: string };

/** Rejects with the signal as the cause where there was one. */
function endOf(
  command: readonly string[],
  ended: Child["ended"],
  { codeOf = () => "failed", todo }: Meaning = {},
): Promise<void> {
  const done = ended.then(({ code: exit, killedBy, complaints }) => {
    if (exit === 0) return;
    const why =
      complaints.find((line) => line.includes("error")) ?? complaints.at(-1) ?? `it ended with ${exit ?? killedBy}`;
    const message = `${command[0]} failed: ${why}${todo === undefined ? "" : `. ${todo}`}`;
    throw archiveFailure(exit === null ? "failed" : codeOf(why), message, killedBy ?? undefined);
  });
  done.catch(() => undefined); // Whoever waits for the whole hears of it.
  return done;
}

function byNode(transform: Duplex, name: string): Stage {
  const done = new Promise<void>((resolve, reject) => {
    transform.once("end", resolve);
    transform.once("error", (cause) => reject(archiveFailure("damaged", `${name} failed: ${cause.message}`, cause)));
  });
  done.catch(() => undefined); // As above.
  return { input: transform, output: transform, done };
}
