import { realpath } from "node:fs/promises";
import { join } from "node:path";
import { manifestFormat, maxNamed, type ManifestFile, type ManifestHeader } from "../../core/backup/manifest.js";
import { syncDirectory } from "../disk.js";
import { Changes } from "./changes.js";
import { Gather } from "./gather.js";
import { archiveFailure, type CreateJob, type CreateResult } from "./job.js";
import { manifestPath, writeManifest, writeSums } from "./manifest-file.js";
import { freeBytes, PartFile, type RoomLeft } from "./part-file.js";
import { matcher } from "./path-glob.js";
import type { Progress } from "./progress.js";
import { Recorder } from "./recorder.js";
import { roomIn } from "./room.js";
import { chosenCompression, packing, type Compression } from "./stages.js";
import { Sink } from "./sink.js";
import { archiveOf } from "./tar-create.js";
import { TarReader } from "./tar-reader.js";
import { walk, type Walked } from "./walk.js";

/** What has changed while it was read is archived again, at most so often. */
const maxAgain = 2;
/** An archive's length is a multiple of this, as tar makes it by default. */
const recordBytes = 10_240;

/** Makes a backup. Its files end in `.part` until all of them are on the disk. Once `signal` aborts none is published. @throws OstlerError */
export async function create(job: CreateJob, progress: Progress, signal: AbortSignal): Promise<CreateResult> {
  const startedMs = Date.now();
  const { directory, id, paths, exclude, limits } = job;
  const roomLeft: RoomLeft = async () => (limits ? roomIn(directory, limits) : Infinity);
  await roomLeft();
  progress.begin("walk", 0, 0);
  const { directories, shelves } = job.leftOut ?? { directories: [], shelves: [] };
  const leftOut = { directories: [await realpath(directory), ...directories], shelves };
  const walked = await walk(paths, { exclude, leftOut }, (files, bytes) => progress.at(bytes, files));
  requireAll(job.required, walked.entries, "Nothing that would be backed up matches");
  await requireSpace(directory, walked.occupiedBytes * job.expectedRatio);

  const compression = chosenCompression(job.compression);
  const file = `${id}.tar${suffixes[compression]}${job.recipients.length > 0 ? ".age" : ""}`;
  const archive = await PartFile.create(join(directory, file), { roomLeft });
  progress.begin("archive", walked.bytes, walked.files);
  const { stages, last } = packing(compression, job.recipients, archive.descriptor);
  const sink = last ? new Sink(last.input, stages, archive.follow(last.done)) : new Sink(archive.writable(), stages);
  const taken = await takeAll(walked, sink, progress);
  signal.throwIfAborted();
  requireAll(job.required, taken.files, "Gone before it could be read is all that matches");
  const sha256 = await archive.finish();

  const { files, totals, changed, vanished, again } = taken;
  const skipped = walked.skipped.slice(0, maxNamed);
  const header: ManifestHeader = {
    format: manifestFormat,
    id,
    ...job.header,
    time: new Date(startedMs).toISOString(),
    tookMs: Date.now() - startedMs,
    paths,
    exclude,
    archive: {
      file,
      bytes: archive.bytes,
      sha256,
      compression,
      encrypted: job.recipients.length > 0,
      ...(again.members > 0 ? { again } : {}),
    },
    totals,
    changed,
    vanished,
    skipped,
  };
  const sums = await writeSums(join(directory, `${id}.sha256`), files.values());
  const manifest = await writeManifest(manifestPath(directory, id), header, files.values());
  await roomLeft(); // The last look of two that write at once sees all of both.
  // The manifest comes last: what has none is no backup.
  signal.throwIfAborted();
  await archive.publish();
  await sums.publish();
  await syncDirectory(directory);
  signal.throwIfAborted();
  await manifest.publish();
  await syncDirectory(directory);
  const { bytes } = totals;
  const isEmpty = totals.files + totals.links === 0;
  return {
    files: totals.files + totals.links,
    bytes,
    archiveBytes: archive.bytes,
    changed,
    vanished,
    skipped,
    isEmpty,
  };
}

const suffixes: Record<Compression, string> = { zstd: ".zst", gzip: ".gz", none: "" };

function requireAll(required: readonly string[], found: ReadonlyMap<string, unknown>, why: string): void {
  const missing = required.filter((glob) => {
    if (found.has(glob.slice(1))) return false;
    const isMatch = matcher([glob]);
    for (const path of found.keys()) if (isMatch(`/${path}`)) return false;
    return true;
  });
  if (missing.length > 0)
    throw archiveFailure("required-missing", `${why} ${missing.join(", ")}, which is required. No backup was made.`);
}

async function requireSpace(directory: string, wantedBytes: number): Promise<void> {
  const free = await freeBytes(directory);
  if (free >= wantedBytes) return;
  throw archiveFailure(
    "no-space",
    `About ${Math.ceil(wantedBytes)} bytes are wanted in ${directory}, and ${free} are free there. Make room, or keep fewer backups.`,
  );
}

type Taken = {
  files: Map<string, ManifestFile>;
  totals: ManifestHeader["totals"];
  changed: string[];
  vanished: string[];
  again: { members: number; bytes: number };
};

/** Archives what was found, and again what has changed meanwhile: of several members with one name the last counts. */
async function takeAll(walked: Walked, sink: Sink, progress: Progress): Promise<Taken> {
  const files = new Map<string, ManifestFile>();
  const changes = new Changes(walked.entries);
  // What happens to a file after it was read is for the next backup.
  const recorder = new Recorder((file) => {
    files.set(file.path, file);
    changes.look(file.path);
  });
  const passed = new Gather();
  let written = 0;
  const flush = async (): Promise<void> => {
    for (const bytes of passed.take()) {
      written += bytes.length;
      await sink.write(bytes);
    }
    progress.at(recorder.bytes, recorder.members);
  };
  let paths = [...walked.entries.keys()];
  for (let round = 0; paths.length > 0 && round <= maxAgain; round++) {
    const reader = new TarReader({
      content: recorder.content,
      hole: recorder.hole,
      memberEnd: recorder.memberEnd,
      member: (member, header) => {
        recorder.member(member);
        header.forEach(passed.add);
      },
      raw: passed.add,
    });
    await archiveOf(paths, reader, flush);
    for (const path of paths) if (!files.has(path)) changes.look(path);
    paths = changes.take();
  }
  const recordLeft = recordBytes - ((written + 1024) % recordBytes);
  await sink.write(Buffer.alloc(1024 + (recordLeft % recordBytes)));
  await sink.end();
  const totals = totalsOf(files.values());
  return {
    files,
    totals: { ...totals, occupied: Math.min(totals.bytes, recorder.bytes - recorder.holeBytes) },
    changed: paths.slice(0, maxNamed),
    vanished: [...changes.vanished].slice(0, maxNamed),
    again: { members: recorder.members - files.size, bytes: recorder.bytes - totals.bytes },
  };
}

function totalsOf(files: Iterable<ManifestFile>): ManifestHeader["totals"] {
  const totals = { files: 0, directories: 0, links: 0, bytes: 0 };
  for (const { type, size } of files) {
    totals.bytes += size;
    if (type === "directory") totals.directories++;
    else if (type === "symlink" || type === "hardlink") totals.links++;
    else totals.files++;
  }
  return totals;
}
