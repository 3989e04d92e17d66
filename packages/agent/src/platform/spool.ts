import { closeSync, mkdirSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { join } from "node:path";

/** Spool files: what a process writes, in files it appends to by itself, so that nothing blocks or is lost without an agent. */

export type Stream = "stdout" | "stderr";
export const streams: readonly Stream[] = ["stdout", "stderr"];

export function spoolPath(directory: string, service: string, process: string, stream: Stream): string {
  return join(directory, `${service}.${process}.${stream}`);
}

export type Spool = { service: string; process: string; stream: Stream; path: string };

/** The spools that there are of a service, also of processes that it no longer has. */
export function spoolsOf(directory: string, service: string): Spool[] {
  return namesIn(directory).flatMap((name) => {
    const spool = spoolOf(name);
    return spool?.service === service ? [{ ...spool, path: join(directory, name) }] : [];
  });
}

/** Whose spool a file is by its name; nothing of a file that is none. */
export function spoolOf(name: string): { service: string; process: string; stream: Stream } | undefined {
  const [service = "", process = "", ending] = name.split(".");
  const stream = streams.find((one) => one === ending);
  return stream && { service, process, stream };
}

/** The paths of all spools that there are. */
export function allSpools(directory: string): ReadonlySet<string> {
  return new Set(namesIn(directory).map((name) => join(directory, name)));
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (failure) {
    const { code } = failure as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return []; // Nothing was ever written, or can be.
    throw failure;
  }
}

/** Opens the spools of a process for appending. Close them when the process has them. Throws when one cannot be opened. */
export function openSpools(directory: string, service: string, process: string): { stdout: number; stderr: number } {
  const stdout = openOne(directory, spoolPath(directory, service, process, "stdout"));
  try {
    return { stdout, stderr: openOne(directory, spoolPath(directory, service, process, "stderr")) };
  } catch (failure) {
    closeSync(stdout);
    throw failure;
  }
}

function openOne(directory: string, path: string): number {
  try {
    return openSync(path, "a", 0o600);
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code !== "ENOENT") throw failure;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    return openSync(path, "a", 0o600);
  }
}

/** How long each spool is: what is written from now on is behind it. */
export type SpoolMark = Record<Stream, number>;

export function markSpools(directory: string, service: string, process: string): SpoolMark {
  const [stdout = 0, stderr = 0] = streams.map((stream) => sizeOf(spoolPath(directory, service, process, stream)));
  return { stdout, stderr };
}

/** A file that cannot be looked at is as good as empty: nothing will be read from it either. */
function sizeOf(path: string): number {
  try {
    return statSync(path).size;
  } catch {
    return 0;
  }
}

/** What one run has written: from its beginning to that of the next one, if there is one. */
export type SpoolRange = { from: SpoolMark; to?: SpoolMark };

/** The last lines of a stream in a range, out of its last `maxBytes`; none when they cannot be read. */
export function lastLines(
  directory: string,
  { service, process }: { service: string; process: string },
  stream: Stream,
  { from: mark, to }: SpoolRange,
  maxBytes = 4096,
): string[] {
  let file: number | undefined;
  try {
    file = openSync(spoolPath(directory, service, process, stream), "r");
    const size = markSpools(directory, service, process)[stream];
    const end = Math.min(size, to?.[stream] ?? size);
    const from = mark[stream] <= end ? mark[stream] : 0; // It was emptied since.
    const start = Math.max(from, end - maxBytes);
    const buffer = Buffer.alloc(end - start);
    const text = buffer.toString("utf8", 0, readSync(file, buffer, 0, buffer.length, start));
    const lines = text.split("\n").filter((line) => line.trim() !== "");
    return start > from ? lines.slice(1) : lines; // The first one is not whole.
  } catch {
    return [];
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
