import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { messageOf } from "@ostler/protocol";
import type { LineFormat } from "../../core/line-format/line-info.js";
import { LineReader } from "../../core/line-format/understand.js";
import { LineSplitter, type Line } from "../../platform/line-splitter.js";
import { isBefore, rotatedOf, type Rotated } from "../../platform/follow/rotation-names.js";
import { openIfThere } from "../../platform/open-if-there.js";
import type { Entry, HistoryQuery, Source, SourceDeps } from "./entry.js";
import { startOfLast } from "./last-lines.js";
import { LiveFile, maxLineBytes } from "./live-file.js";
import { offsetSince } from "./since-offset.js";
import { bytesOf } from "./unpack.js";

type About = { service: string; source: string };
type OldFile = Rotated & { path: string; ino: number; mtimeMs: number };

const newline = 0x0a;

/** `apart` are the paths of files that are logs of their own, whatever their names say. */
export type LogFile = { path: string; format: LineFormat | "auto"; apart?: readonly string[] };

/**
 * A log file that a service writes by itself, with what it was rotated to. A file that is packed or removed while it is read
 * is not looked for: what is read here is for people who look now.
 */
export class FileSource implements Source {
  readonly about: About;
  readonly #path: string;
  readonly #format: LineFormat | "auto";
  readonly #apart: readonly string[];
  readonly #deps: SourceDeps;
  /** It is opened before its directory is listed: what is rotated in between is not read twice. */
  readonly #live: Promise<LiveFile | undefined>;

  constructor(about: About, { path, format, apart = [] }: LogFile, deps: SourceDeps) {
    this.about = about;
    this.#path = path;
    this.#format = format;
    this.#apart = apart;
    this.#deps = deps;
    this.#live = LiveFile.open(path, deps.clock, deps.signal).catch((failure: unknown) => this.#cannot(path, failure));
  }

  async *history({ last: most, sinceMs, isFollowed, addedMs = 0 }: HistoryQuery): AsyncGenerator<Entry[]> {
    const live = await this.#live;
    const { file, stats } = live?.opened ?? {};
    const last = (stats?.birthtimeMs ?? 0) < addedMs ? 0 : most;
    const size = stats?.size ?? 0;
    let start = 0;
    let wanted = last ?? Infinity;
    if (file && stats && sinceMs !== undefined) {
      const reader = new LineReader(this.#format, () => this.#deps.clock.now());
      start = stats.mtimeMs < sinceMs ? size : await offsetSince(file, size, { sinceMs, reader });
    } else if (file && last !== undefined) {
      const found = await startOfLast(file, { from: 0, to: size, count: last }, this.#deps.signal);
      start = found.offset;
      wanted -= found.lines;
    }
    if (start === 0 && wanted > 0 && addedMs === 0) yield* this.#older(wanted, sinceMs ?? 0, stats?.ino);
    if (!live || !stats) return;
    for await (const lines of live.upTo(size, start)) yield entriesOf(lines, stats.mtimeMs);
    if (!isFollowed) yield entriesOf(live.rest(), stats.mtimeMs);
  }

  async *follow(): AsyncGenerator<Entry[]> {
    const live = await this.#live;
    if (!live) return; // Told when it was opened.
    try {
      for await (const lines of live.follow()) {
        const nowMs = this.#deps.clock.now();
        yield entriesOf(lines, nowMs, nowMs);
      }
    } catch (failure) {
      this.#cannot(this.#path, failure);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#live)?.[Symbol.asyncDispose]();
  }

  /** The last so many lines of the files it was rotated to, or more. */
  async *#older(wanted: number, sinceMs: number, liveInode: number | undefined): AsyncGenerator<Entry[]> {
    const files = (await this.#oldFiles()).filter(({ ino, mtimeMs }) => ino !== liveInode && mtimeMs >= sinceMs);
    const parts: { old: OldFile; from: number }[] = [];
    for (const old of files.reverse()) {
      if (wanted <= 0 || this.#deps.signal.aborted) break;
      const { offset, lines } = wanted === Infinity ? { offset: 0, lines: 0 } : await this.#lastOf(old, wanted);
      parts.unshift({ old, from: offset });
      wanted -= lines;
    }
    for (const { old, from } of parts) yield* this.#linesOf(old, from);
  }

  async #lastOf(old: OldFile, count: number): Promise<{ offset: number; lines: number }> {
    if (old.packing !== undefined) return { offset: 0, lines: await this.#countLines(old) };
    const file = await openIfThere(old.path).catch(() => undefined); // Told when it is read.
    if (!file) return { offset: 0, lines: 0 };
    try {
      const { size } = await file.stat();
      return await startOfLast(file, { from: 0, to: size, count }, this.#deps.signal);
    } finally {
      await file.close();
    }
  }

  async #countLines({ path, packing }: OldFile): Promise<number> {
    let lines = 0;
    try {
      for await (const bytes of bytesOf(path, packing)) {
        if (this.#deps.signal.aborted) break;
        for (let at = bytes.indexOf(newline); at >= 0; at = bytes.indexOf(newline, at + 1)) lines++;
      }
    } catch {
      return lines; // Told when it is read.
    }
    return lines;
  }

  async *#linesOf({ path, packing, mtimeMs }: OldFile, from: number): AsyncGenerator<Entry[]> {
    const splitter = new LineSplitter(maxLineBytes);
    try {
      for await (const bytes of bytesOf(path, packing, from)) {
        if (this.#deps.signal.aborted) return;
        yield entriesOf(splitter.feed(bytes), mtimeMs);
      }
    } catch (failure) {
      this.#cannot(path, failure);
    }
    yield entriesOf(splitter.rest(), mtimeMs);
  }

  /** Oldest first. */
  async #oldFiles(): Promise<OldFile[]> {
    const directory = dirname(this.#path);
    const names = await readdir(directory).catch(() => []); // Then the log itself cannot be read either, which is told.
    const files = await Promise.all(
      rotatedOf(basename(this.#path), names).map(async (rotated) => {
        const path = join(directory, rotated.name);
        if (this.#apart.includes(path)) return [];
        const stats = await stat(path).catch(() => undefined); // It was removed in between.
        return stats?.isFile() ? [{ ...rotated, path, ino: stats.ino, mtimeMs: stats.mtimeMs }] : [];
      }),
    );
    return files.flat().sort(oldestFirst);
  }

  #cannot(path: string, failure: unknown): undefined {
    this.#deps.note(`${path} cannot be read: ${messageOf(failure)}`);
  }
}

/** Oldest first: by when they were last written, and where that is the same, by their names. */
function oldestFirst(a: OldFile, b: OldFile): number {
  return a.mtimeMs - b.mtimeMs || (isBefore(a.rotation, b.rotation) ?? 0);
}

function entriesOf(lines: readonly Line[], byMs: number, afterMs?: number): Entry[] {
  const known = { stream: "file", byMs, ...(afterMs === undefined ? {} : { afterMs }) };
  return lines.map((line) => ({ ...line, ...known }));
}
