import { createHash } from "node:crypto";
import { messageOf } from "@ostler/protocol";
import type { Clock } from "../clock.js";
import type { Disk } from "../disk.js";

/** Up to where a reader has acknowledged. */
export type Cursor = { epoch: string; seq: number };

export type CursorDeps = { disk: Disk; clock: Clock; degraded: (reason: string) => void };

/** A cursor may lag behind on disk by this much: after a crash a reader gets a little twice, never too little. */
const settleMs = 250;
const suffix = ".cursor";
/** More readers than this are not remembered; the one that was silent for longest is forgotten, and gets everything again. */
const maxCursors = 1000;

/** Where each reader is, by name; each in a file of its own, replaced whole. */
export class Cursors implements AsyncDisposable {
  readonly #deps: CursorDeps;
  readonly #cursors: Map<string, Cursor>;
  readonly #dirty = new Set<string>();
  #cancelTimer: (() => void) | undefined;
  #saving: Promise<void> = Promise.resolve();

  static async open(deps: CursorDeps): Promise<Cursors> {
    const cursors = new Map<string, Cursor>();
    for (const { name, bytes } of await deps.disk.list()) {
      if (!name.endsWith(suffix)) continue;
      const saved = parse((await deps.disk.read(name, 0, bytes)).toString());
      if (saved) cursors.set(saved.reader, { epoch: saved.epoch, seq: saved.seq });
    }
    return new Cursors(deps, cursors);
  }

  private constructor(deps: CursorDeps, cursors: Map<string, Cursor>) {
    this.#deps = deps;
    this.#cursors = cursors;
  }

  /** Last seq that `reader` acknowledged in this epoch; 0 when none. */
  get(reader: string, epoch: string): number {
    const cursor = this.#cursors.get(reader);
    return cursor?.epoch === epoch ? cursor.seq : 0;
  }

  set(reader: string, cursor: Cursor): void {
    this.#cursors.delete(reader);
    this.#cursors.set(reader, cursor);
    this.#dirty.add(reader);
    const [oldest] = this.#cursors.keys();
    if (this.#cursors.size > maxCursors && oldest !== undefined) {
      this.#cursors.delete(oldest);
      this.#dirty.add(oldest);
    }
    this.#cancelTimer ??= this.#deps.clock.after(settleMs, () => void this.#save());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#cancelTimer?.();
    await this.#save();
  }

  /** Never rejects: a cursor that cannot be saved only means that events come twice. */
  #save(): Promise<void> {
    this.#cancelTimer = undefined;
    this.#saving = this.#saving.then(async () => {
      const readers = [...this.#dirty];
      this.#dirty.clear();
      for (const reader of readers) {
        const cursor = this.#cursors.get(reader);
        try {
          if (cursor) await this.#deps.disk.replace(fileOf(reader), JSON.stringify({ reader, ...cursor }));
          else await this.#deps.disk.remove(fileOf(reader));
        } catch (failure) {
          this.#deps.degraded(`cannot save the cursor of ${reader}: ${messageOf(failure)}`);
        }
      }
    });
    return this.#saving;
  }
}

/** A controller may call itself anything, at any length: its name stands in the file, not over it. */
function fileOf(reader: string): string {
  return createHash("sha256").update(reader).digest("hex").slice(0, 32) + suffix;
}

/** Nothing for a damaged file: its reader then gets everything again. */
function parse(text: string): ({ reader: string } & Cursor) | undefined {
  try {
    const { reader, epoch, seq } = JSON.parse(text) as Partial<{ reader: string } & Cursor>;
    const isWhole = typeof reader === "string" && typeof epoch === "string" && typeof seq === "number";
    return isWhole ? { reader, epoch, seq } : undefined;
  } catch {
    return undefined;
  }
}
