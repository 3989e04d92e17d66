import { createReadStream } from "node:fs";
import { join } from "node:path";
import {
  fileOf,
  headerOf,
  isManifestEnd,
  manifestLines,
  maxHeaderBytes,
  type ManifestFile,
  type ManifestHeader,
} from "../../core/backup/manifest.js";
import { LineSplitter } from "../line-splitter.js";
import { archiveFailure } from "./job.js";
import { PartFile } from "./part-file.js";
import { bytesOf } from "./path-bytes.js";

export type Manifest = { header: ManifestHeader; files: Map<string, ManifestFile> };

export const manifestPath = (directory: string, id: string): string => join(directory, `${id}.json`);

/** Reads a whole manifest. @throws OstlerError, ErrnoException when there is none */
export async function readManifest(path: string): Promise<Manifest> {
  const splitter = new LineSplitter(maxHeaderBytes);
  const files = new Map<string, ManifestFile>();
  let header: ManifestHeader | undefined;
  let isWhole = false;
  for await (const chunk of createReadStream(path, { highWaterMark: readBytes })) {
    for (const { text } of splitter.feed(chunk as Buffer)) {
      if (!header) header = headerOf(text);
      else {
        isWhole = isManifestEnd(text);
        const file = fileOf(text);
        if (file) files.set(file.path, file);
      }
    }
  }
  if (!header || !isWhole) throw archiveFailure("damaged", `The manifest ${path} ends early.`);
  return { header, files };
}

/** Into its part, which is there since the work began; to be published when the archive is. @throws OstlerError when that is gone: the work was given up */
export async function writeManifest(
  path: string,
  header: ManifestHeader,
  files: Iterable<ManifestFile>,
): Promise<PartFile> {
  return writeLines(await PartFile.fill(path), manifestLines(header, files));
}

/** What `sha256sum -c` reads, in the directory into which the archive was extracted. */
export async function writeSums(path: string, files: Iterable<ManifestFile>): Promise<PartFile> {
  return writeLines(await PartFile.create(path), sumsOf(files));
}

const readBytes = 64 * 1024;
/** Lines are written so many at a time. */
const linesAtOnce = 500;

async function writeLines(part: PartFile, lines: Iterable<string>): Promise<PartFile> {
  let held: string[] = [];
  for (const line of lines) {
    held.push(line);
    if (held.length < linesAtOnce) continue;
    await part.write(bytesOf(held.join("")));
    held = [];
  }
  await part.write(bytesOf(held.join("")));
  await part.finish();
  return part;
}

function* sumsOf(files: Iterable<ManifestFile>): Generator<string> {
  for (const { path, sha256 } of files) {
    if (sha256 === undefined) continue;
    const isOdd = /[\\\n\r]/.test(path);
    const name = path.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll("\r", "\\r");
    yield `${isOdd ? "\\" : ""}${sha256}  ${name}\n`;
  }
}
