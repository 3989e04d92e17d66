import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import { messageOf } from "@ostler/protocol";
import type { Clock } from "../../core/clock.js";
import { newStop } from "../../core/stop.js";
import { Follower } from "./follower.js";
import { isGlob } from "./glob.js";
import { logFiles } from "./log-files.js";
import { nothingSince, type Block, type Gap, type Position } from "./place.js";

export type FollowFilesOptions = {
  /** Where to go on, by path. */
  positions: Readonly<Record<string, Position>>;
  /**
   * Where files are begun that have no position: those that are there, by their path; or, when somebody has looked before, what came
   * after that moment of the wall clock, from its beginning on, also what was rotated since.
   */
  from: ((path: string) => "beginning" | "end") | { sinceMs: number };
};

export type FollowFilesDeps = {
  clock: Clock;
  take: (path: string, block: Block) => void | Promise<void>;
  gap: (path: string, gap: Gap) => void;
  /** Told once, until `recovered`; `path` may be a glob. */
  fault: (path: string, reason: string) => void;
  recovered: (path: string) => void;
  /** All that was there of a file when it was begun has been taken. */
  caughtUp: (path: string, position: Position | undefined) => void;
  /** A file is no longer there, and followed no longer. */
  gone: (path: string) => void;
};

/** So many files of one source are followed; of more, those that were found last are left out, which is a fault. */
export const maxFiles = 2000;
/** How often is looked for files that have come, or gone. */
const lookMs = 1000;
/** A file that is not there is waited for so long before it is forgotten: whoever rotates by hand needs some time. */
const goneMs = 10 * 60_000;
/** The clock of files is coarser than ours. */
const coarseMs = 100;

type Followed = { follower: Follower; missingSinceMs: number | undefined };

/** Follows the files that match some globs, those that come later as well, each through its rotations. */
export class FollowFiles implements AsyncDisposable {
  readonly #globs: readonly string[];
  readonly #deps: FollowFilesDeps;
  readonly #positions: Map<string, Position>;
  readonly #stop = newStop();
  readonly #followed = new Map<string, Followed>();
  readonly #faulty = new Set<string>();
  readonly #done: Promise<void>;
  #from: FollowFilesOptions["from"];

  static start(globs: readonly string[], options: FollowFilesOptions, deps: FollowFilesDeps): FollowFiles {
    return new FollowFiles(globs, options, deps);
  }

  private constructor(globs: readonly string[], { positions, from }: FollowFilesOptions, deps: FollowFilesDeps) {
    this.#globs = globs;
    this.#deps = deps;
    this.#positions = new Map(Object.entries(positions));
    this.#from = from;
    this.#done = this.#run();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#done;
    await Promise.all([...this.#followed.values()].map(({ follower }) => follower[Symbol.asyncDispose]()));
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    // Whatever has a position is followed at once, also what is there no more: it may have been rotated.
    for (const path of this.#positions.keys()) if (this.#isWanted(path)) this.#begin(path);
    for (const path of this.#globs) if (!isGlob(path)) await this.#beginOne(path);
    while (!signal.aborted) {
      const lookedMs = this.#deps.clock.now();
      for (const glob of this.#globs.filter(isGlob)) await this.#look(glob);
      // Whatever is found by the next look and not by this one came after this one.
      this.#from = { sinceMs: lookedMs };
      await this.#deps.clock.sleep(lookMs, signal);
    }
  }

  /** A position of a file that nobody asks for any more is of no use. */
  #isWanted(path: string): boolean {
    return this.#globs.some((glob) => (isGlob(glob) ? dirname(path).startsWith(fixedPart(glob)) : glob === path));
  }

  async #beginOne(path: string): Promise<void> {
    const isThere = await stat(path).then(
      () => true,
      () => false, // Whatever it is, the follower tells.
    );
    this.#begin(path, isThere ? this.#from : { sinceMs: this.#deps.clock.now() });
  }

  async #look(glob: string): Promise<void> {
    try {
      const { paths, faults } = await logFiles(glob);
      for (const path of paths) this.#begin(path);
      // What cannot be looked for is not known to be gone.
      if (faults.length === 0) await this.#forgetMissing(glob, new Set(paths));
      for (const { path, reason } of faults) throw new Error(`cannot look for files in ${path}: ${reason}`);
      if (this.#followed.size >= maxFiles) throw new Error(`more than ${maxFiles} files: some are not followed`);
      this.#recover(glob);
    } catch (failure) {
      if (!this.#faulty.has(glob)) this.#deps.fault(glob, messageOf(failure));
      this.#faulty.add(glob);
    }
  }

  #recover(glob: string): void {
    if (this.#faulty.delete(glob)) this.#deps.recovered(glob);
  }

  async #forgetMissing(glob: string, found: ReadonlySet<string>): Promise<void> {
    const nowMs = this.#deps.clock.monotonic();
    for (const [path, followed] of this.#followed) {
      if (!dirname(path).startsWith(fixedPart(glob)) || this.#globs.includes(path)) continue;
      if (found.has(path)) followed.missingSinceMs = undefined;
      else followed.missingSinceMs ??= nowMs;
      if (nowMs - (followed.missingSinceMs ?? nowMs) < goneMs) continue;
      this.#followed.delete(path);
      await followed.follower[Symbol.asyncDispose]();
      this.#deps.gone(path);
    }
  }

  #begin(path: string, from = this.#from): void {
    if (this.#followed.has(path) || this.#followed.size >= maxFiles || this.#stop.signal.aborted) return;
    const { clock, take, gap, fault, recovered, caughtUp } = this.#deps;
    const known = this.#positions.get(path);
    const position = known ?? (typeof from === "function" ? undefined : nothingSince(from.sinceMs - coarseMs));
    const follower = Follower.start(
      path,
      { ...(position ? { position } : {}), from: typeof from === "function" ? from(path) : "beginning" },
      {
        clock,
        take: (block) => take(path, block),
        gap: (its) => gap(path, its),
        fault: (reason) => fault(path, reason),
        recovered: () => recovered(path),
      },
    );
    this.#followed.set(path, { follower, missingSinceMs: undefined });
    void follower.caughtUp().then(() => {
      if (!this.#stop.signal.aborted) caughtUp(path, follower.position);
    });
  }
}

/** The part of a glob before anything special. */
function fixedPart(glob: string): string {
  const at = glob.search(/[*?[]/);
  return dirname(at < 0 ? glob : `${glob.slice(0, at)}x`);
}
