import * as z from "zod";
import { OstlerError, problemsIn } from "@ostler/protocol";

export const manifestFormat = "ostler-backup/1";

/** A header that is longer is not one: its lists are bounded by `maxNamed`. */
export const maxHeaderBytes = 16 * 1024 * 1024;

/** Of files that changed, vanished or were skipped, the header names no more; how many there were is not kept. */
export const maxNamed = 1000;

const count = z.int().min(0);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const skipped = z.object({ path: z.string(), reason: z.string() });
export type Skipped = z.infer<typeof skipped>;

const header = z.object({
  format: z.literal(manifestFormat),
  id: z.string(),
  service: z.string(),
  name: z.string(),
  time: z.iso.datetime(),
  tookMs: count,
  mode: z.enum(["hot", "cold"]),
  agent: z.object({ id: z.string(), name: z.string(), version: z.string() }),
  configHash: z.string(),
  paths: z.array(z.string()).describe("As configured: absolute, globs"),
  exclude: z.array(z.string()),
  archive: z.object({
    file: z.string(),
    bytes: count,
    sha256,
    compression: z.enum(["zstd", "gzip", "none"]),
    encrypted: z.boolean(),
    again: z
      .object({ members: count, bytes: count })
      .optional()
      .describe("What is in the archive a second time, because it had changed; the last counts"),
  }),
  totals: z.object({
    ...{ files: count, directories: count, links: count, bytes: count },
    occupied: count.optional().describe("Of the bytes, those that are in no hole of a sparse file"),
  }),
  changed: z.array(z.string()),
  vanished: z.array(z.string()),
  skipped: z.array(skipped),
  note: z.string().optional(),
});
/** What a backup is, without its files: the first line of its manifest. */
export type ManifestHeader = z.infer<typeof header>;

const file = z.object({
  path: z.string().describe("Relative to /, as in the archive; a byte that is no UTF-8 is U+DC00 and the byte"),
  type: z.enum(["file", "directory", "symlink", "hardlink", "fifo"]),
  size: count.describe("Of the content; 0 for all but files"),
  mode: z.string().regex(/^[0-7]{4}$/),
  uid: count,
  gid: count,
  mtime: z.iso.datetime(),
  sha256: sha256.optional(),
  target: z.string().optional(),
});
/** One file of a backup: one line of its manifest. */
export type ManifestFile = z.infer<typeof file>;

/** The header, from the text of a manifest or its beginning up to the first line's end. @throws OstlerError `failed` */
export function headerOf(text: string): ManifestHeader {
  const end = text.indexOf("\n");
  const line = end === -1 ? text : text.slice(0, end);
  if (!line.endsWith(opening)) throw notAManifest("its first line is no header");
  return parsed(header, `${line.slice(0, -opening.length)}}`);
}

/** The file that a line tells of; nothing for the header and the last line. @throws OstlerError `failed` */
export function fileOf(line: string): ManifestFile | undefined {
  if (line === closing || line.endsWith(opening)) return undefined;
  return parsed(file, line.endsWith(",") ? line.slice(0, -1) : line);
}

/** Is this the last line of a manifest? Without it the manifest is torn. */
export function isManifestEnd(line: string): boolean {
  return line === closing;
}

/** The lines of a manifest: valid JSON as a whole, with the header in the first line and a file in each that follows. */
export function* manifestLines(of: ManifestHeader, files: Iterable<ManifestFile>): Generator<string> {
  yield `${JSON.stringify(of).slice(0, -1)}${opening}\n`;
  let before: string | undefined;
  for (const each of files) {
    if (before !== undefined) yield `${before},\n`;
    before = JSON.stringify(each);
  }
  if (before !== undefined) yield `${before}\n`;
  yield `${closing}\n`;
}

const opening = `,"files":[`;
const closing = "]}";

function parsed<T>(schema: z.ZodType<T>, json: string): T {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw notAManifest("a line of it is no JSON", cause);
  }
  const { success, data, error } = schema.safeParse(value);
  if (!success) throw notAManifest(problemsIn(error), error);
  return data;
}

function notAManifest(why: string, cause?: unknown): OstlerError {
  return new OstlerError("failed", `This is no manifest of a backup: ${why}.`, { cause, data: { code: "damaged" } });
}
