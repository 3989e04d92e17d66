import { OstlerError } from "@ostler/protocol";
import type { Disk } from "./disk.js";

type Content = { bytes: Buffer; modifiedMs: number };

/** A disk that forgets: what the agent uses when its data directory cannot be written at all. */
export function memoryDisk(): Disk {
  const files = new Map<string, Content>();
  const put = (name: string, bytes: Buffer): Content => {
    const content = { bytes, modifiedMs: Date.now() };
    files.set(name, content);
    return content;
  };
  return {
    list: async () => [...files].map(([name, { bytes, modifiedMs }]) => ({ name, bytes: bytes.length, modifiedMs })),
    read: async (name, position, length) => {
      const content = files.get(name);
      if (!content) throw new OstlerError("not-found", `There is no file "${name}" in memory.`);
      return Buffer.from(content.bytes.subarray(position, position + length));
    },
    open: async (name) => {
      // Who has a file open goes on with it, as on a real disk, when it is removed or replaced.
      const content = files.get(name) ?? put(name, Buffer.alloc(0));
      const change = (bytes: Buffer): void => void Object.assign(content, { bytes, modifiedMs: Date.now() });
      return {
        append: async (bytes) => change(Buffer.concat([content.bytes, bytes])),
        sync: async () => {},
        truncate: async (length) => change(content.bytes.subarray(0, length)),
        close: async () => {},
      };
    },
    replace: async (name, text) => void put(name, Buffer.from(text)),
    remove: async (name) => void files.delete(name),
  };
}
