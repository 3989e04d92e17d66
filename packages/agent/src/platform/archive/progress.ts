import type { ArchiveProgress } from "./job.js";

/** How often it is told how far something is. */
const everyMs = 200;

/** Counts how far a job is, and tells it now and then. */
export class Progress {
  readonly #tell: (progress: ArchiveProgress) => void;
  #toldMs = -Infinity;
  #now: ArchiveProgress = { phase: "walk", bytes: 0, totalBytes: 0, files: 0, totalFiles: 0 };

  constructor(tell: (progress: ArchiveProgress) => void) {
    this.#tell = tell;
  }

  begin(phase: ArchiveProgress["phase"], totalBytes: number, totalFiles: number): void {
    this.#now = { phase, bytes: 0, totalBytes, files: 0, totalFiles };
    this.#toldMs = -Infinity; // That it has begun is told at once.
    this.at(0, 0);
  }

  /** Totals that were estimated too low grow with what was counted. */
  at(bytes: number, files: number): void {
    const nowMs = performance.now();
    if (nowMs - this.#toldMs < everyMs) return;
    this.#toldMs = nowMs;
    const { totalBytes, totalFiles } = this.#now;
    this.#tell({
      ...this.#now,
      bytes,
      files,
      totalBytes: Math.max(bytes, totalBytes),
      totalFiles: Math.max(files, totalFiles),
    });
  }
}
