import { messageOf } from "@ostler/protocol";
import type { Clock } from "../../core/clock.js";
import { accessTo, type Access } from "./access.js";
import { BufferPool, chunkBytes, type Buffers } from "./buffers.js";
import type { Identity } from "./byte-source.js";
import { Chain } from "./chain.js";
import { Look, type Sight } from "./look.js";
import type { Block, FilePosition, Gap, Position } from "./place.js";
import { beforeBytes } from "./print.js";

export type FollowOptions = {
  /** Where to go on. A file that has one was seen before. */
  position?: Position;
  /** Where a file without a position that is there at the start is begun. One that appears later is begun at its beginning. */
  from: "beginning" | "end";
  /** A longer line is clipped. */
  maxLineBytes?: number;
  /** How it is asked for; found out when absent. */
  access?: Access;
  /** Shared with those who may hold it up; its own when absent. */
  buffers?: Buffers;
};

export type FollowDeps = {
  clock: Clock;
  /** Waited for before more is read. When it fails, the same block comes again. */
  take: (block: Block) => void | Promise<void>;
  gap: (gap: Gap) => void;
  /** Told once, until `recovered`. */
  fault: (reason: string) => void;
  recovered?: () => void;
};

const defaultMaxLineBytes = 256 * 1024;
/** How often a file is looked at whatever its watch says: where nothing is notified, this is how long a line may wait. */
export const lookMs = 1000;
/** What comes within this time is read at once. */
const gatherMs = 4;
/** Where a file has gone, another will come soon: the first look for it, and each next one after twice the time. */
const soonMs = 8;
/** A file system that hangs holds up whoever ends following no longer than this; what is open is closed when it answers. */
export const maxEndMs = 1000;

export const bufferPool = new BufferPool(chunkBytes + beforeBytes);

/**
 * Follows the lines of a path through every rotation, and goes on after a restart where it stopped: each line once, as far as
 * its place tells. An older file is read to its end before a newer one is begun; what somebody writes to the older one after
 * that comes in between.
 */
export class Follower implements AsyncDisposable {
  readonly #deps: FollowDeps;
  readonly #access: Access;
  readonly #chain: Chain;
  readonly #look: Look;
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;
  #lookAtMs = 0;
  #soonMs = soonMs;
  #isFaulty = false;
  #isWoken = false;
  #wake: (() => void) | undefined;
  #waiting: Waiting[] = [];

  static start(path: string, options: FollowOptions, deps: FollowDeps): Follower {
    return new Follower(path, options, deps);
  }

  private constructor(path: string, options: FollowOptions, deps: FollowDeps) {
    const {
      position,
      from,
      maxLineBytes = defaultMaxLineBytes,
      access = accessTo(path),
      buffers = bufferPool.share(),
    } = options;
    const { clock, take, gap } = deps;
    this.#deps = deps;
    this.#access = access;
    const canWatch = !this.#access.isRemote;
    this.#chain = new Chain(position, {
      ...{ clock, signal: this.#stop.signal, buffers, maxLineBytes, canWatch, take, gap },
      changed: (isMoved) => this.#awaken(isMoved),
      isFirstContent: () => this.#look.isFirstContent(),
    });
    const nowMs = (): number => clock.now();
    this.#look = new Look(path, this.#chain, { access, maxLineBytes, from, nowMs, gap });
    this.#done = this.#run();
  }

  /** After all that was taken; nothing before the file was there. */
  get position(): Position | undefined {
    return this.#chain.position;
  }

  /** Is this file one of those that are read now, under whatever name? */
  holds(file: Identity): boolean {
    return this.#chain.files.some((one) => one.isAt(file));
  }

  /** Where reading has stopped in a file that is read no more, under whatever name. */
  knownIn(file: Identity): FilePosition | undefined {
    return this.#chain.knownIn(file);
  }

  /** Resolves once everything that is there now has been taken, or following has ended. */
  caughtUp(): Promise<void> {
    if (this.#stop.signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.push({ isBegun: false, resolve });
      this.#awaken(true);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.#awaken();
    if (!this.#access.isRemote) return this.#done;
    const hung = new AbortController();
    await Promise.race([this.#done, this.#deps.clock.sleep(maxEndMs, hung.signal)]);
    hung.abort();
  }

  #awaken(isLook = false): void {
    if (isLook) this.#lookAtMs = 0;
    this.#isWoken = true;
    this.#wake?.();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      this.#isWoken = false;
      const isMore = await this.#round();
      if (!isMore) await this.#rest();
    }
    await this.#chain.close().catch(() => undefined); // It was only read: nothing can be lost.
    for (const { resolve } of this.#waiting) resolve();
  }

  /** Looks when it is time, and reads what has changed. Says whether there is more to do at once. */
  async #round(): Promise<boolean> {
    const { clock } = this.#deps;
    for (const one of this.#waiting) one.isBegun = true;
    const isLook = clock.monotonic() >= this.#lookAtMs;
    if (isLook) this.#lookAtMs = Infinity; // Whoever asks for a look from now on gets another one.
    const sight = isLook ? await this.#look.look().catch((failure: unknown) => this.#tell(failure)) : undefined;
    if (isLook) this.#plan(sight);
    try {
      // What is open already is read also when what is at the path cannot be.
      const { more, hasRead, hasLost } = await this.#chain.read(isLook);
      if (sight) this.#recover();
      // It was woken for something else than lines: the file was moved or removed, perhaps.
      if (hasLost || (!isLook && !hasRead)) this.#lookAtMs = 0;
      if (more || this.#lookAtMs === 0) return true;
    } catch (failure) {
      this.#tell(failure);
    }
    this.#answer();
    return false;
  }

  /** When to look next: soon, while there is nothing at the path or somebody is renaming files. */
  #plan(sight: Sight | undefined): void {
    const isSoon = sight === "gone" || sight === "unsettled";
    const inMs = isSoon ? this.#soonMs : lookMs;
    this.#soonMs = !isSoon ? soonMs : Math.min(2 * this.#soonMs, lookMs);
    this.#lookAtMs = Math.min(this.#lookAtMs, this.#deps.clock.monotonic() + inMs);
  }

  /** Until the next look, or until something has changed; then for as long as more may come at once. */
  async #rest(): Promise<void> {
    const { clock } = this.#deps;
    if (!this.#isWoken)
      await new Promise<void>((resolve) => {
        const cancel = clock.after(Math.max(0, this.#lookAtMs - clock.monotonic()), resolve);
        this.#wake = () => (cancel(), resolve());
      });
    this.#wake = undefined;
    if (this.#isWoken) await clock.sleep(gatherMs, this.#stop.signal);
  }

  #answer(): void {
    for (const { isBegun, resolve } of this.#waiting) if (isBegun) resolve();
    this.#waiting = this.#waiting.filter(({ isBegun }) => !isBegun);
  }

  #tell(failure: unknown): undefined {
    if (!this.#isFaulty) this.#deps.fault(messageOf(failure));
    this.#isFaulty = true;
  }

  #recover(): void {
    if (this.#isFaulty) this.#deps.recovered?.();
    this.#isFaulty = false;
  }
}

type Waiting = { isBegun: boolean; resolve: () => void };
