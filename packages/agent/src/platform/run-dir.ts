import { createHash } from "node:crypto";
import { closeSync, lstatSync, mkdirSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { messageOf, OstlerError } from "@ostler/protocol";

export type RunDir = { path: string; problem?: string };

/**
 * A directory where names of files can be left: the wanted one, or, when that cannot be written, one below the system's
 * directory for temporary files that is always the same for it, so that the next agent finds it again.
 * @throws OstlerError `failed` when neither can be used
 */
export function openRunDir(wanted: string): RunDir {
  try {
    probe(wanted);
    return { path: wanted };
  } catch (failure) {
    const uid = process.getuid?.() ?? 0;
    const instead = join(tmpdir(), `ostler-${uid}-${createHash("sha256").update(wanted).digest("hex").slice(0, 12)}`);
    const problem = `${wanted} cannot be written (${messageOf(failure)}); using ${instead}`;
    try {
      probe(instead);
      refuseForeign(instead, uid);
    } catch (cause) {
      throw new OstlerError(
        "failed",
        `${problem}, which cannot be used either: ${messageOf(cause)}. Set agent.run_dir.`,
        { cause },
      );
    }
    return { path: instead, problem };
  }
}

function probe(directory: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, `.probe-${process.pid}`);
  closeSync(openSync(path, "w", 0o600));
  rmSync(path);
}

/** In a directory that everybody may write to, somebody else may have been there before us. */
function refuseForeign(directory: string, uid: number): void {
  const stats = lstatSync(directory);
  if (!stats.isDirectory() || stats.uid !== uid || (stats.mode & 0o077) !== 0)
    throw new Error("it belongs to somebody else");
}
