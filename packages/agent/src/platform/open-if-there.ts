import { open, type FileHandle } from "node:fs/promises";

/** A file to read; nothing when it is not there (yet). */
export async function openIfThere(path: string): Promise<FileHandle | undefined> {
  return open(path, "r").catch((failure: unknown) => {
    if ((failure as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw failure;
  });
}
