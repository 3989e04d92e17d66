import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A directory of a test's own; gone with everything in it when the test ends. */
export type TempDir = Disposable & {
  path: string;
  /** Path of a name in it. */
  at: (name: string) => string;
  /** Writes a file in it and returns its path. */
  write: (name: string, content: string | Uint8Array, mode?: number) => string;
};

export function tempDir(): TempDir {
  const path = mkdtempSync(join(tmpdir(), "ostler-unit-"));
  const at = (name: string): string => join(path, name);
  return {
    path,
    at,
    write: (name, content, mode = 0o644) => {
      writeFileSync(at(name), content, { mode });
      return at(name);
    },
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
}
