import { mkdir, open, readdir, rm, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { messageOf, OstlerError, type Envelope } from "@ostler/protocol";
import { positionOf } from "./memory.js";
import type { EventStore, StoredPosition } from "./store.js";

export type FileStoreOptions = {
  /** A host's oldest events are dropped beyond this many bytes. */
  maxBytes?: number;
};

/** One file of a host's events, one a line; named after the cursor at which it begins. */
type Segment = { base: number; bytes: number };
type HostFiles = { segments: Segment[]; position: StoredPosition; file: FileHandle | undefined };

const maxSegmentBytes = 16 * 1024 * 1024;
/** How much is read at once; a line that is longer is read in pieces. */
const chunkBytes = 64 * 1024;
const suffix = ".ndjson";
const newline = 0x0a;
const nowhere: StoredPosition = { epoch: "", seq: 0, end: 0 };

/** Keeps events as lines of JSON in a directory for each host, and calls them stored when they are on the disk. */
export function fileStore(directory: string, { maxBytes = 256 * 1024 * 1024 }: FileStoreOptions = {}): EventStore {
  const segmentBytes = Math.min(maxSegmentBytes, Math.ceil(maxBytes / 8));
  const hosts = new Map<string, HostFiles>();
  const directoryOf = (host: string): string => join(directory, directoryName(host));
  const pathOf = (host: string, { base }: Segment): string => join(directoryOf(host), segmentName(base));
  const loaded = load(directory, hosts);
  loaded.catch(() => undefined); // Whoever calls a method is told.

  const writable = async (host: string, files: HostFiles): Promise<{ file: FileHandle; segment: Segment }> => {
    let segment = files.segments.at(-1);
    if (files.file && segment && segment.bytes < segmentBytes) return { file: files.file, segment };
    await files.file?.close();
    files.file = undefined;
    if (!segment || segment.bytes >= segmentBytes) {
      segment = { base: files.position.end, bytes: 0 };
      files.segments.push(segment);
    }
    await mkdir(directoryOf(host), { recursive: true, mode: 0o700 });
    files.file = await open(pathOf(host, segment), "a", 0o600);
    await files.file.truncate(segment.bytes); // What a failed append left behind must not glue itself to the next line.
    await syncDirectory(directoryOf(host));
    await syncDirectory(directory);
    return { file: files.file, segment };
  };

  const dropOld = async (host: string, { segments }: HostFiles): Promise<void> => {
    let total = segments.reduce((sum, { bytes }) => sum + bytes, 0);
    for (let oldest = segments[0]; oldest && segments.length > 1 && total > maxBytes; oldest = segments[0]) {
      segments.shift();
      total -= oldest.bytes;
      await rm(pathOf(host, oldest), { force: true });
    }
  };

  return {
    positions: async () => {
      await loaded;
      const stored = [...hosts].filter(([, { position }]) => position.epoch !== "");
      return new Map(stored.map(([host, { position }]) => [host, position]));
    },
    append: async (host, events) => {
      await loaded;
      const files = hosts.get(host) ?? { segments: [], position: nowhere, file: undefined };
      hosts.set(host, files);
      const bytes = Buffer.from(events.map((event) => `${JSON.stringify(event)}\n`).join(""));
      const { file, segment } = await writable(host, files);
      try {
        await file.writeFile(bytes);
        await file.datasync();
      } catch (failure) {
        files.file = undefined;
        await file.close();
        throw failure;
      }
      segment.bytes += bytes.length;
      const newest = events.at(-1);
      const end = files.position.end + bytes.length;
      files.position = { ...files.position, ...(newest ? positionOf(newest) : {}), end };
      await dropOld(host, files);
      return files.position;
    },
    read: async function* (host, from) {
      await loaded;
      for (const segment of [...(hosts.get(host)?.segments ?? [])]) {
        let next = Math.max(from, segment.base);
        for await (const line of linesOf(pathOf(host, segment), next - segment.base, segment.bytes)) {
          next += line.length + 1;
          yield { event: JSON.parse(line.toString()) as Envelope, next };
        }
      }
    },
    close: async () => {
      await loaded;
      for (const { file } of hosts.values()) await file?.close();
      hosts.clear();
    },
  };
}

async function load(directory: string, hosts: Map<string, HostFiles>): Promise<void> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    for (const entry of await readdir(directory, { withFileTypes: true })) {
      const host = entry.isDirectory() ? hostOf(entry.name) : undefined;
      if (host !== undefined) hosts.set(host, await loadHost(join(directory, entry.name)));
    }
  } catch (cause) {
    throw new OstlerError("failed", `Cannot use ${directory} as an event store: ${messageOf(cause)}`, { cause });
  }
}

/** The files of a host; a line that was being written when the process ended is cut off, and will come again. */
async function loadHost(directory: string): Promise<HostFiles> {
  const names = (await readdir(directory)).filter((name) => name.endsWith(suffix)).sort();
  const segments: Segment[] = [];
  let position = nowhere;
  for (const name of names) {
    const base = Number(name.slice(0, -suffix.length));
    const file = await open(join(directory, name), "r+");
    try {
      const text = await file.readFile();
      const bytes = text.lastIndexOf(newline) + 1;
      if (bytes < text.length) await file.truncate(bytes);
      segments.push({ base, bytes });
      const lastLine = text.subarray(text.subarray(0, Math.max(0, bytes - 1)).lastIndexOf(newline) + 1, bytes);
      const last = bytes === 0 ? {} : positionOf(JSON.parse(lastLine.toString()) as Envelope);
      position = { ...position, ...last, end: base + bytes };
    } finally {
      await file.close();
    }
  }
  return { segments, position, file: undefined };
}

/** Lines between two places of a file where lines begin; none of a file that was dropped meanwhile. Only LF ends a line. */
async function* linesOf(path: string, start: number, end: number): AsyncGenerator<Buffer> {
  if (start >= end) return;
  const file = await open(path, "r").catch((failure: unknown) => {
    if ((failure as NodeJS.ErrnoException).code !== "ENOENT") throw failure;
  });
  if (!file) return;
  try {
    let rest = Buffer.alloc(0);
    for (let at = start; at < end;) {
      const { bytesRead, buffer } = await file.read({
        buffer: Buffer.allocUnsafe(Math.min(chunkBytes, end - at)),
        position: at,
      });
      if (bytesRead === 0) return;
      at += bytesRead;
      rest = Buffer.concat([rest, buffer.subarray(0, bytesRead)]);
      for (let lf = rest.indexOf(newline); lf >= 0; lf = rest.indexOf(newline)) {
        yield rest.subarray(0, lf);
        rest = rest.subarray(lf + 1);
      }
    }
  } finally {
    await file.close();
  }
}

function segmentName(base: number): string {
  return String(base).padStart(16, "0") + suffix;
}

/** A host's name as the name of a directory, which must not be `.` or `..`. */
function directoryName(host: string): string {
  return encodeURIComponent(host).replace(/^\./, "%2E");
}

/** The host whose directory has this name; nothing for what is not of this store, like `lost+found`. */
function hostOf(name: string): string | undefined {
  try {
    const host = decodeURIComponent(name);
    return directoryName(host) === name ? host : undefined;
  } catch {
    return undefined;
  }
}

/** So that a new file is still there after a crash of the machine. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
