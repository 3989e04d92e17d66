import { realpathSync, statSync } from "node:fs";
import { resolve } from "node:path";

/** A file as it is at a moment: another one at the same path, or another release behind a link, is another file. */
export type FileIdentity = { path: string; bytes: number; modified: string; inode: number };

/** A word of a command that names a file. */
export type NamedFile = { word: string; file: FileIdentity };

/** Of a longer command only the first words are looked at. */
const maxWords = 8;

/** The files that a command names: its program, and what that is given to run. Links are followed to their end. */
export function filesIn(command: readonly string[], cwd: string): NamedFile[] {
  return command.slice(0, maxWords).flatMap((word) => {
    const file = identityOf(resolve(cwd, word));
    return file ? [{ word, file }] : [];
  });
}

export function isSameFile(a: FileIdentity, b: FileIdentity): boolean {
  return a.path === b.path && a.bytes === b.bytes && a.modified === b.modified && a.inode === b.inode;
}

/** Nothing of what is no regular file, as most words of a command are, or may not be looked at. */
function identityOf(path: string): FileIdentity | undefined {
  try {
    const stats = statSync(path);
    if (!stats.isFile()) return undefined;
    return { path: realpathSync(path), bytes: stats.size, modified: stats.mtime.toISOString(), inode: stats.ino };
  } catch {
    return undefined;
  }
}
