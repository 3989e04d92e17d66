import { Comparison } from "./comparison.js";
import type { VerifyJob, VerifyResult } from "./job.js";
import { checkHash, openArchive, readThrough } from "./open-archive.js";
import type { Progress } from "./progress.js";
import { Recorder } from "./recorder.js";
import { TarReader } from "./tar-reader.js";

/** Reads a backup back and compares all of it with its manifest. @throws OstlerError `damaged` */
export async function verify({ directory, id, identity }: VerifyJob, progress: Progress): Promise<VerifyResult> {
  const archive = await openArchive(directory, id);
  const { totals, archive: said } = archive.header;
  const done = { files: totals.files + totals.links, bytes: totals.bytes };
  if (said.encrypted && identity === undefined) {
    progress.begin("check", said.bytes, 0);
    await checkHash(archive, (bytes) => progress.at(bytes, 0));
    return { ...done, scope: "archive" };
  }
  progress.begin("check", totals.bytes, archive.files.size);
  const comparison = new Comparison(archive.files);
  const recorder = new Recorder(comparison.found);
  const { member, content, hole, memberEnd } = recorder;
  const reader = new TarReader({ member, content, hole, memberEnd, raw: () => undefined });
  await readThrough(archive, identity, reader, async () => progress.at(recorder.bytes, recorder.members));
  comparison.end(id);
  return { ...done, scope: "content" };
}
