import { mkdir, open, readdir, rm, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { messageOf, OstlerError, type Envelope } from "@ostler/protocol";
import { positionOf } from "./memory.js";
import type { EventStore, StoredPosition } from "./store.js";

export type FileStoreOptions = {
  /** A host's oldest events are dropped beyond this many bytes. */
  maxBytes?: number;
};

/** One file of a host's events, one a line; named after the cursor at which it begins. */
type Segment = { base: number; bytes: number };
type HostFiles = { segments: Segment[]; position: StoredPosition; file?: FileHandle };

const segmentBytes = 16 * 1024 * 1024;
const suffix = ".ndjson";

/** Keeps events as lines of JSON in a directory for each host, and calls them stored when they are on the disk. */
export function fileStore(directory: string, { maxBytes = 256 * 1024 * 1024 }: FileStoreOptions = {}): EventStore {
  const hosts = new Map<string, HostFiles>();
  const pathOf = (host: string, base?: number): string =>
    join(directory, encodeURIComponent(host), ...(base === undefined ? [] : [String(base).padStart(16, "0") + suffix]));
  const loaded = load(directory, hosts, pathOf);
  loaded.catch(() => undefined); // Whoever calls a method is told.

  const writable = async (host: string, files: HostFiles): Promise<FileHandle> => {
    const last = files.segments.at(-1);
    if (files.file && last && last.bytes < segmentBytes) return files.file;
    await files.file?.close();
    if (!last || last.bytes >= segmentBytes) files.segments.push({ base: files.position.end, bytes: 0 });
    files.file = await open(pathOf(host, files.segments.at(-1)?.base), "a", 0o600);
    return files.file;
  };

  const dropOld = async (host: string, { segments }: HostFiles): Promise<void> => {
    while (segments.length > 1 && segments.reduce((sum, { bytes }) => sum + bytes, 0) > maxBytes) {
      const gone = segments.shift();
      await rm(pathOf(host, gone?.base), { force: true });
    }
  };

  return {
    positions: async () => {
      await loaded;
      return new Map([...hosts].map(([host, { position }]) => [host, position]));
    },
    append: async (host, events) => {
      await loaded;
      const files = hosts.get(host) ?? { segments: [], position: { epoch: "", seq: 0, end: 0 } };
      hosts.set(host, files);
      await mkdir(pathOf(host), { recursive: true, mode: 0o700 });
      const file = await writable(host, files);
      const bytes = Buffer.from(events.map((event) => `${JSON.stringify(event)}\n`).join(""));
      await file.writeFile(bytes);
      await file.datasync();
      const last = files.segments.at(-1);
      if (last) last.bytes += bytes.length;
      const newest = events.at(-1);
      files.position = {
        ...files.position,
        ...(newest ? positionOf(newest) : {}),
        end: files.position.end + bytes.length,
      };
      await dropOld(host, files);
      return files.position;
    },
    read: async function* (host, from) {
      await loaded;
      const files = hosts.get(host);
      for (const { base, bytes } of [...(files?.segments ?? [])]) {
        if (base + bytes <= from || bytes === 0) continue;
        let next = Math.max(from, base);
        const file = await open(pathOf(host, base), "r");
        try {
          const stream = file.createReadStream({ start: next - base, end: bytes - 1, autoClose: false });
          for await (const line of createInterface({ input: stream })) {
            next += Buffer.byteLength(line) + 1;
            yield { event: JSON.parse(line) as Envelope, next };
          }
        } finally {
          await file.close();
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

async function load(
  directory: string,
  hosts: Map<string, HostFiles>,
  pathOf: (host: string, base?: number) => string,
): Promise<void> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    for (const name of await readdir(directory)) {
      const host = decodeURIComponent(name);
      hosts.set(host, await loadHost(host, pathOf));
    }
  } catch (cause) {
    throw new OstlerError("failed", `Cannot use ${directory} as an event store: ${messageOf(cause)}`, { cause });
  }
}

/** The files of a host; a line that was being written when the process ended is cut off, and will come again. */
async function loadHost(host: string, pathOf: (host: string, base?: number) => string): Promise<HostFiles> {
  const names = (await readdir(pathOf(host))).filter((name) => name.endsWith(suffix)).sort();
  const segments: Segment[] = [];
  let position: StoredPosition = { epoch: "", seq: 0, end: 0 };
  for (const name of names) {
    const base = Number(name.slice(0, -suffix.length));
    const file = await open(pathOf(host, base), "r+");
    try {
      const text = await file.readFile();
      const bytes = text.lastIndexOf(0x0a) + 1;
      if (bytes < text.length) await file.truncate(bytes);
      segments.push({ base, bytes });
      const lastLine = text.subarray(text.lastIndexOf(0x0a, bytes - 2) + 1, bytes).toString();
      position = {
        ...position,
        ...(lastLine.trim() === "" ? {} : positionOf(JSON.parse(lastLine) as Envelope)),
        end: base + bytes,
      };
    } finally {
      await file.close();
    }
  }
  return { segments, position };
}
