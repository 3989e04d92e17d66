import { messageOf } from "@ostler/protocol";
import type { Clock } from "../../core/clock.js";
import { newStop } from "../../core/stop.js";
import { accesses, type AccessOf } from "./access.js";
import { isSameFile, toFacts, type Identity } from "./byte-source.js";
import { FoundFiles, type Found } from "./found-files.js";
import { bufferPool, Follower, maxEndMs } from "./follower.js";
import { isMatching } from "./glob.js";
import { isNothing, type Block, type FilePosition, type Gap, type Position } from "./place.js";
import { Turns } from "./turns.js";
import { WhereToBegin, type Since } from "./where-to-begin.js";

export type FollowFilesOptions = {
  /** Where to go on, by path. */
  positions: Readonly<Record<string, Position>>;
  /** Where files are begun that have no position, and were there when somebody looked for them first. */
  from: (path: string) => "beginning" | "end";
  /**
   * Somebody has looked before, for these paths and globs: what came after that moment of the wall clock is begun at its beginning,
   * also what was rotated since.
   */
  since?: Since;
};

export type FollowFilesDeps = {
  clock: Clock;
  take: (path: string, block: Block) => void | Promise<void>;
  gap: (path: string, gap: Gap) => void;
  /** Told once, until `recovered`; `path` may be a glob. */
  fault: (path: string, reason: string) => void;
  recovered: (path: string) => void;
  /** A file has come of which nothing was read yet; it is followed from that position on. */
  begun?: (path: string, position: Position) => void;
  /** Whatever had come by that moment of the wall clock is followed, and was told. */
  looked?: (ms: number) => void;
  /** All that was there of a file when it was begun has been taken. */
  caughtUp: (path: string, position: Position | undefined) => void;
  /** A file is no longer there, or no longer asked for, and followed no longer. */
  gone: (path: string) => void;
  /** How files are asked for, of what is mounted now. */
  accesses?: () => AccessOf;
};

/** So many files of one source are followed; of more, those that were found last are left out, which is a fault. */
export const maxFiles = 2000;
/** How often is looked for files that have come, or gone. */
const lookMs = 1000;
/** Whoever does not say which files there are within this time is told of; it is waited for all the same. */
const maxLookMs = 10_000;
/** A file that is not there is waited for so long before it is forgotten: whoever rotates by hand needs some time. */
const goneMs = 10 * 60_000;
/** `begun`: the file that it is to be, until it was opened. */
type Followed = { follower: Follower; begun: Identity | undefined; missing: Missing };
type Missing = { sinceMs: number; wallMs: number } | undefined;

/** Follows the files that match some globs, those that come later as well, each through its rotations and each once, whatever it is called. */
export class FollowFiles implements AsyncDisposable {
  readonly #globs: readonly string[];
  readonly #deps: FollowFilesDeps;
  readonly #options: FollowFilesOptions;
  readonly #where: WhereToBegin;
  readonly #found: FoundFiles;
  /** A file system elsewhere that hangs holds up none of the files that are here. */
  readonly #buffers = { here: bufferPool.share(), remote: bufferPool.share() };
  readonly #stop = newStop();
  readonly #followed = new Map<string, Followed>();
  readonly #faulty = new Set<string>();
  readonly #patience = new Set<() => void>();
  readonly #done: Promise<void>;

  static start(globs: readonly string[], options: FollowFilesOptions, deps: FollowFilesDeps): FollowFiles {
    return new FollowFiles([...new Set(globs)], options, deps);
  }

  private constructor(globs: readonly string[], options: FollowFilesOptions, deps: FollowFilesDeps) {
    this.#globs = globs;
    this.#deps = deps;
    this.#options = options;
    this.#found = new FoundFiles(globs, deps.accesses ?? accesses);
    this.#where = new WhereToBegin(globs, options.since, deps.clock.now());
    this.#done = this.#run();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    for (const cancel of this.#patience) cancel();
    const hung = new AbortController();
    await Promise.race([this.#done, this.#deps.clock.sleep(maxEndMs, hung.signal)]);
    hung.abort();
    await Promise.all([...this.#followed.values()].map(({ follower }) => follower[Symbol.asyncDispose]()));
  }

  async #run(): Promise<void> {
    await this.#goOn().catch((failure: unknown) => this.#globs.forEach((glob) => this.#tell(glob, messageOf(failure))));
    // One that hangs holds up none of the others.
    await Promise.all(this.#globs.map((glob) => this.#lookFor(glob)));
  }

  /** Whatever has a position is followed at once, also what is there no more: it may have been rotated. */
  async #goOn(): Promise<void> {
    const turns = new Turns();
    const accessOf = (this.#deps.accesses ?? accesses)();
    for (const [path, position] of Object.entries(this.#options.positions)) {
      await turns.next();
      if (!this.#globs.some((glob) => isMatching(glob, path))) this.#deps.gone(path);
      else if (isNothing(position)) this.#begin(path, position, undefined, accessOf);
      else if (!this.#isFollowed(position)) this.#begin(path, position, position, accessOf);
    }
  }

  async #lookFor(glob: string): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const lookedMs = this.#deps.clock.now();
      try {
        const found = await this.#patiently(glob, this.#found.look(glob));
        await this.#take(glob, found, lookedMs);
      } catch (failure) {
        this.#tell(glob, messageOf(failure));
      }
      await this.#deps.clock.sleep(lookMs, signal);
    }
  }

  /** Waits for an answer however long it takes; that it takes long is told. */
  async #patiently<T>(glob: string, answer: Promise<T>): Promise<T> {
    const tell = (): void => this.#tell(glob, `nobody has said for ${maxLookMs / 1000} s which files there are`);
    const cancel = this.#deps.clock.after(maxLookMs, tell);
    this.#patience.add(cancel);
    return answer.finally(() => {
      cancel();
      this.#patience.delete(cancel);
    });
  }

  async #take(glob: string, found: Found, lookedMs: number): Promise<void> {
    const turns = new Turns();
    let isTooMany = false;
    if (this.#stop.signal.aborted) return;
    for (const path of found.paths) {
      const followed = this.#followed.get(path);
      if (followed) followed.missing = undefined;
      else if (this.#followed.size >= maxFiles) isTooMany = true;
      else await this.#beginNew(glob, path, found);
      await turns.next();
      if (this.#stop.signal.aborted) return;
    }
    await this.#forgetMissing();
    const [fault] = found.faults;
    if (fault) return this.#tell(glob, `cannot look for files in ${fault.path}: ${fault.reason}`);
    this.#where.looked(glob, lookedMs);
    const { firstLookedMs } = this.#where;
    if (firstLookedMs !== undefined) this.#deps.looked?.(firstLookedMs);
    if (isTooMany) this.#tell(glob, `more than ${maxFiles} files: some are not followed`);
    else this.#recover(glob);
  }

  /** Begins a file that is not followed, unless it is under another name. What is not there (yet) is told by whoever follows it. */
  async #beginNew(glob: string, path: string, { accessOf }: Found): Promise<void> {
    const nowMs = this.#deps.clock.now();
    const seen = await this.#patiently(glob, accessOf(path).look(path))
      .then((stats) => ({ facts: stats && toFacts(stats) }))
      .catch(() => undefined); // Whoever follows it tells.
    const facts = seen?.facts;
    if (seen && !facts) {
      if (glob === path) this.#begin(path, this.#where.ofNothing(nowMs), undefined, accessOf);
    } else if (!facts || !this.#isFollowed(facts))
      this.#begin(path, (facts && this.#knownAs(facts)) ?? this.#where.of(path, facts), facts, accessOf);
  }

  #isFollowed(file: Identity): boolean {
    return [...this.#followed.values()].some(
      ({ follower, begun }) => follower.holds(file) || (begun && isSameFile(begun, file)),
    );
  }

  /** Where somebody stopped reading it who followed it under another name. */
  #knownAs(file: Identity): FilePosition | undefined {
    if (file.bornMs === 0) return undefined; // Its number may have been another file's.
    for (const { follower } of this.#followed.values()) {
      const position = follower.knownIn(file);
      if (position) return position;
    }
    return undefined;
  }

  #begin(path: string, position: Position | undefined, begun: Followed["begun"], accessOf: AccessOf): void {
    if (this.#followed.has(path) || this.#followed.size >= maxFiles || this.#stop.signal.aborted) return;
    const { clock, take, gap, fault, recovered, caughtUp } = this.#deps;
    const from = this.#options.from(path);
    const access = accessOf(path);
    const buffers = access.isRemote ? this.#buffers.remote : this.#buffers.here;
    const follower = Follower.start(
      path,
      { ...(position ? { position } : {}), from, access, buffers },
      {
        clock,
        take: (block) => take(path, block),
        gap: (its) => gap(path, its),
        fault: (reason) => fault(path, reason),
        recovered: () => recovered(path),
      },
    );
    const followed: Followed = { follower, begun, missing: undefined };
    this.#followed.set(path, followed);
    if (position && isNothing(position)) this.#deps.begun?.(path, position);
    void follower.caughtUp().then(() => {
      followed.begun = undefined;
      if (!this.#stop.signal.aborted) caughtUp(path, follower.position);
    });
  }

  async #forgetMissing(): Promise<void> {
    const { clock } = this.#deps;
    for (const [path, followed] of this.#followed) {
      if (this.#found.mayBeThere(path)) continue;
      followed.missing ??= { sinceMs: clock.monotonic(), wallMs: clock.now() };
      if (clock.monotonic() - followed.missing.sinceMs < goneMs) continue;
      this.#followed.delete(path);
      await followed.follower[Symbol.asyncDispose]();
      const { position } = followed.follower;
      if (position) this.#where.left(path, position, followed.missing.wallMs);
      this.#deps.gone(path);
    }
  }

  #tell(glob: string, reason: string): void {
    if (!this.#faulty.has(glob)) this.#deps.fault(glob, reason);
    this.#faulty.add(glob);
  }

  #recover(glob: string): void {
    if (this.#faulty.delete(glob)) this.#deps.recovered(glob);
  }
}
