import type { ManifestFile } from "../../core/backup/manifest.js";
import { startChild, type Child } from "./children.js";
import { Comparison } from "./comparison.js";
import { Gather } from "./gather.js";
import { archiveFailure, type ExtractJob, type ExtractResult } from "./job.js";
import { openArchive, readThrough } from "./open-archive.js";
import { freeBytes } from "./part-file.js";
import { within } from "./path-glob.js";
import type { Progress } from "./progress.js";
import { Recorder } from "./recorder.js";
import { Sink } from "./sink.js";
import { TarReader } from "./tar-reader.js";
import { Vetting } from "./vetting.js";

const extractor = (into: string): string[] => [
  "tar",
  "--extract",
  "--file=-",
  "--preserve-permissions",
  process.getuid?.() === 0 ? "--same-owner" : "--no-same-owner",
  "--numeric-owner",
  "--xattrs",
  "--acls",
  "--sparse",
  "--delay-directory-restore",
  "--blocking-factor=20",
  "--quoting-style=escape",
  `--directory=${into}`,
];

/** Twice a block of zeros, as tar writes it. */
const archiveEnd = Buffer.alloc(10_240);

/** Extracts a backup, member by member, each vetted before tar sees a byte of it. @throws OstlerError */
export async function extract(job: ExtractJob, progress: Progress): Promise<ExtractResult> {
  const { directory, id, identity, into, only } = job;
  const archive = await openArchive(directory, id);
  const { header, files } = archive;
  if (header.archive.encrypted && identity === undefined)
    throw archiveFailure("failed", `${id} is encrypted. Name a file with its identity.`);
  const isMeant = only === undefined ? () => true : selection(files, only);
  progress.begin("extract", header.totals.bytes, files.size);
  const vetting = new Vetting(header, files);
  const comparison = new Comparison(files, isMeant);
  const recorder = new Recorder(comparison.found);
  const passed = new Gather();
  let isPassed = false;
  const { content, hole, memberEnd } = recorder;
  const reader = new TarReader({
    member: (member, headers) => {
      const isTaken = vetting.isTaken(member);
      const isWanted = isMeant(member.path);
      isPassed = isTaken && isWanted;
      recorder.member(member, isWanted);
      if (isPassed) headers.forEach(passed.add);
    },
    raw: (bytes) => (isPassed ? passed.add(bytes) : undefined),
    content,
    hole,
    memberEnd,
  });
  const child = startChild(extractor(into));
  const sink = new Sink(child.stdin, []);
  child.stdout?.resume();
  const write = (bytes: Buffer): Promise<void> => sink.write(bytes).catch(() => whyEnded(child, into));
  await readThrough(archive, identity, reader, async () => {
    for (const bytes of passed.take()) await write(bytes);
    progress.at(recorder.bytes, recorder.members);
  });
  comparison.end(id);
  await write(archiveEnd);
  await sink.end().catch(() => undefined); // Its end tells whether it has taken everything.
  const { code } = await child.ended;
  if (code !== 0) await whyEnded(child, into);
  const extracted = [...files.values()].filter(({ path }) => isMeant(path));
  return {
    files: extracted.filter(({ type }) => type !== "directory").length,
    bytes: extracted.reduce((sum, { size }) => sum + size, 0),
  };
}

/** All that tar says of a full disk, where it could write the beginning. */
const full = /: (No space left on device|Wrote only \d+ of \d+ bytes)$/;

async function whyEnded(child: Child, into: string): Promise<never> {
  const { code, killedBy, complaints } = await child.ended;
  const why = complaints[0] ?? `it ended with ${code ?? killedBy}`;
  if (complaints.some((line) => full.test(line)))
    throw archiveFailure(
      "no-space",
      `No space is left on the disk of ${into}: ${await freeBytes(into)} bytes are free. Make room there. tar says: ${why}`,
    );
  throw archiveFailure("failed", `tar could not extract everything into ${into}: ${why}`);
}

/** What the globs match with all that is in it, what a hard link among that links to, and the directories above. */
function selection(files: ReadonlyMap<string, ManifestFile>, only: readonly string[]): (path: string) => boolean {
  const isMeant = within(only);
  const selected = new Set<string>();
  const select = (path: string): void => {
    for (let each = path; each !== "" && !selected.has(each); each = each.slice(0, Math.max(0, each.lastIndexOf("/"))))
      selected.add(each);
  };
  for (const { path, type, target } of files.values()) {
    if (!isMeant(`/${path}`)) continue;
    select(path);
    if (type === "hardlink" && target !== undefined) select(target);
  }
  if (selected.size === 0)
    throw archiveFailure("failed", `Nothing in the backup matches ${only.join(", ")}. Globs are on absolute paths.`);
  return (path) => selected.has(path);
}
