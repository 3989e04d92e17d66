import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Disk } from "../core/disk.js";
import { openDisk } from "../platform/disk.js";

/** A real directory as a Disk, for tests; it goes away with its scope. */
export class TempDisk implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "ostler-disk-"));
  readonly disk: Disk = openDisk(this.path);

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
