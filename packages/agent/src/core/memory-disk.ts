import { OstlerError } from "@ostler/protocol";
import type { Disk } from "./disk.js";

/** A disk that forgets: what the agent uses when its data directory cannot be written at all. */
export function memoryDisk(): Disk {
  const files = new Map<string, { bytes: Buffer; modifiedMs: number }>();
  const contentOf = (name: string): Buffer => {
    const file = files.get(name);
    if (!file) throw new OstlerError("not-found", `There is no file "${name}" in memory.`);
    return file.bytes;
  };
  const put = (name: string, bytes: Buffer): void => void files.set(name, { bytes, modifiedMs: Date.now() });
  return {
    list: async () => [...files].map(([name, { bytes, modifiedMs }]) => ({ name, bytes: bytes.length, modifiedMs })),
    read: async (name, position, length) => Buffer.from(contentOf(name).subarray(position, position + length)),
    open: async (name) => {
      if (!files.has(name)) put(name, Buffer.alloc(0));
      return {
        append: async (bytes) => put(name, Buffer.concat([contentOf(name), bytes])),
        sync: async () => {},
        truncate: async (length) => put(name, contentOf(name).subarray(0, length)),
        close: async () => {},
      };
    },
    replace: async (name, text) => put(name, Buffer.from(text)),
    remove: async (name) => void files.delete(name),
  };
}
