import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { Readable } from "node:stream";
import { messageOf, OstlerError } from "@ostler/protocol";
import { archiveFailure, archiveFailureCode, type ArchiveFailureCode } from "./job.js";
import { manifestPath, readManifest, type Manifest } from "./manifest-file.js";
import { decompressing, decrypting } from "./stages.js";
import type { TarReader } from "./tar-reader.js";

export type OpenArchive = Manifest & { path: string };

const readBytes = 256 * 1024;

/** A backup of which the manifest was read, and its archive found as large as that says. @throws OstlerError */
export async function openArchive(directory: string, id: string): Promise<OpenArchive> {
  const manifest = await readManifest(manifestPath(directory, id)).catch((failure: unknown) => unreadable(id, failure));
  const { file, bytes } = manifest.header.archive;
  if (file.includes("/"))
    throw archiveFailure("refused", `The manifest of ${id} names ${file}, which is in another directory.`);
  const path = join(directory, file);
  const { size } = await stat(path).catch((failure: unknown) => unreadable(id, failure));
  if (size !== bytes) throw archiveFailure("damaged", `${path} has ${size} bytes; its manifest says ${bytes}.`);
  return { ...manifest, path };
}

/** Reads an archive through its stages. @throws OstlerError `damaged` when it is not the file that the manifest knows */
export async function readThrough(
  { header, path }: OpenArchive,
  identity: string | undefined,
  reader: TarReader,
  flush: () => Promise<void>,
): Promise<void> {
  const { compression, encrypted, sha256 } = header.archive;
  const stages = [...(encrypted && identity !== undefined ? decrypting(identity) : []), ...decompressing(compression)];
  const hash = createHash("sha256");
  let from: Readable = Readable.from(hashed(path, hash), { objectMode: false, highWaterMark: readBytes });
  const ways: Promise<unknown>[] = [];
  for (const { input, output } of stages) {
    ways.push(pipeline(from, input));
    from = output;
  }
  const moved = Promise.allSettled(ways); // What fails on the way ends the output early, and its stage tells why.
  const stagesOver = async (): Promise<void> => {
    await moved;
    const reason = firstReason(await Promise.allSettled(stages.map(({ done }) => done)));
    if (reason !== undefined) throw reason;
  };
  const taken = async (): Promise<void> => {
    for await (const chunk of from) {
      await reader.take(chunk as Buffer);
      await flush();
    }
  };
  try {
    await taken().catch(async (failure: unknown) => {
      if (from.errored !== null) await stagesOver(); // Else it is the reader's.
      throw failure;
    });
    await stagesOver();
    reader.end();
  } catch (failure) {
    throw await whyUnreadable({ header, path }, failure);
  }
  if (hash.digest("hex") !== sha256) throw otherHash(path);
}

/** What comes after a stage that fails has too little to work on; what comes before it is ended, because nobody takes anything more. */
function firstReason(ends: readonly PromiseSettledResult<void>[]): OstlerError | undefined {
  const reasons = ends.flatMap((end) => (end.status === "rejected" ? [OstlerError.from(end.reason, "failed")] : []));
  return reasons.find(({ cause }) => cause !== "SIGPIPE") ?? reasons[0];
}

/** Reading on would tell nothing of these. */
const isNoDamage = new Set<ArchiveFailureCode>(["no-space", "no-program"]);

/** Whoever cannot read an archive may be right, or lack a key: which it is, is told by the archive's own hash. */
async function whyUnreadable(archive: Pick<OpenArchive, "header" | "path">, failure: unknown): Promise<OstlerError> {
  if (isNoDamage.has(archiveFailureCode(failure))) return OstlerError.from(failure);
  try {
    await checkHash(archive, () => undefined);
  } catch (damage) {
    return OstlerError.from(damage, "failed");
  }
  return failure instanceof OstlerError
    ? failure
    : archiveFailure("failed", `${archive.path} cannot be read: ${messageOf(failure)}.`, failure);
}

/** Compares only the hash of the archive's own file. */
export async function checkHash(
  { header, path }: Pick<OpenArchive, "header" | "path">,
  tell: (bytes: number) => void,
): Promise<void> {
  const hash = createHash("sha256");
  let read = 0;
  for await (const bytes of hashed(path, hash)) tell((read += bytes.length));
  if (hash.digest("hex") !== header.archive.sha256) throw otherHash(path);
}

async function* hashed(path: string, hash: Hash): AsyncGenerator<Buffer> {
  const chunks = createReadStream(path, { highWaterMark: readBytes });
  try {
    for await (const chunk of chunks) {
      hash.update(chunk as Buffer);
      yield chunk as Buffer;
    }
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code !== "EIO") throw failure;
    throw archiveFailure("damaged", `${path} is damaged: its disk cannot read it (${messageOf(failure)}).`, failure);
  }
}

function otherHash(path: string) {
  return archiveFailure("damaged", `${path} is damaged: its SHA-256 is not what its manifest says.`);
}

function unreadable(id: string, failure: unknown): never {
  if (failure instanceof OstlerError) throw failure;
  const { code } = failure as NodeJS.ErrnoException;
  throw archiveFailure(
    code === "ENOENT" ? "damaged" : "failed",
    `${id} cannot be read: ${messageOf(failure)}.`,
    failure,
  );
}
