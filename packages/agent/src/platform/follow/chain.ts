import type { Clock } from "../../core/clock.js";
import type { Buffers, Lend } from "./buffers.js";
import { isSameFile, type ByteSource, type Identity } from "./byte-source.js";
import { FollowedFile } from "./followed-file.js";
import type { Step, Standing } from "./line-reader.js";
import type { Block, FilePosition, Gap, Place, Position } from "./place.js";
import { Unreadable } from "./unreadable.js";

/** A rotated file is followed beside the new one until nobody has written to it for so long; what comes then is not seen. */
export const lateMs = 60_000;
/** Beyond so many rotated files the oldest one is followed no more. */
const maxLate = 8;
/** So many contents are known again when they come by as a copy, or packed, later than they were read. */
const maxKnown = 32;
/** A file that is written to without end waits for a look at the others after so many blocks. */
const maxBlocksAtOnce = 64;

export type ChainDeps = {
  clock: Clock;
  /** Nothing more is read once it has aborted. */
  signal: AbortSignal;
  buffers: Buffers;
  maxLineBytes: number;
  canWatch: boolean;
  take: (block: Block) => void | Promise<void>;
  gap: (gap: Gap) => void;
  /** Is this beginning of the last file the first that it has had since it was begun, as far as anybody can tell? */
  isFirstContent: () => Promise<boolean>;
  /** One of its files may have changed, or has another name. */
  changed: (isMoved: boolean) => void;
};

/** What was read of a file is no longer in it. `knownBytes`: so long it was once. */
export type Lost = { position: Position; knownBytes: number };

/** `more`: there is more to read at once. `hasLost`: the last file was let go, and has to be found again. */
export type ChainResult = { more: boolean; hasRead: boolean; hasLost: boolean };

/**
 * The contents of one path that are read, oldest first: each to its end before the next one is begun. The last one is at the
 * path, or was until now; those before it are late: somebody may still write to them.
 */
export class Chain {
  readonly #deps: ChainDeps;
  #files: FollowedFile[] = [];
  #known: FilePosition[] = [];
  readonly #lend: Lend;
  #closedAt: Position | undefined;
  /** What comes last, and has to be found before it can be read on. */
  lost: Lost | undefined;

  constructor(position: Position | undefined, deps: ChainDeps) {
    this.#deps = deps;
    this.#lend = (bytes, call) => deps.buffers.with(bytes, deps.signal, call);
    this.lost = position && { position, knownBytes: 0 };
  }

  get last(): FollowedFile | undefined {
    return this.#files.at(-1);
  }

  /** What is read, or was, by which a copy of it is known. */
  get known(): FilePosition[] {
    return [...this.#known, ...this.#files.map(({ position }) => position)];
  }

  /** Where reading has stopped in a file that was let go. */
  knownIn(file: Identity): FilePosition | undefined {
    return [...this.#known].reverse().find((one) => isSameFile(one, file));
  }

  know(position: FilePosition): void {
    this.#known = [...this.#known, position].slice(-maxKnown);
  }

  get files(): readonly FollowedFile[] {
    return this.#files;
  }

  async push(source: ByteSource, standing: Standing, generation: number, isWhole: boolean): Promise<FollowedFile> {
    const { maxLineBytes, canWatch, changed } = this.#deps;
    const options = { generation, maxLineBytes, isWhole, ...(canWatch && !isWhole ? { changed } : {}) };
    const file = await FollowedFile.open(source, standing, options);
    file.lastNewMs = this.#deps.clock.monotonic();
    this.#files.push(file);
    return file;
  }

  /** After all that was taken; nothing before there is a file. What was not begun yet is found again by what comes before it. */
  get position(): Position | undefined {
    const { lost } = this;
    if (this.#closedAt) return this.#closedAt;
    if (lost && this.#files.length === 0) return lost.position;
    const at = this.#files.findIndex((file) => !file.reachedEnd);
    if (at < 0 && lost) return { ...lost.position, late: this.#lateOf(this.#files) };
    const current = this.#files.at(at);
    const late = this.#lateOf(this.#files.slice(0, at));
    return current && { ...current.position, ...(late.length > 0 ? { late } : {}) };
  }

  #lateOf(files: readonly FollowedFile[]): NonNullable<Position["late"]> {
    const { clock } = this.#deps;
    return files.map((file) => ({
      ...file.position,
      untilMs: clock.now() + lateMs - (clock.monotonic() - file.lastNewMs),
    }));
  }

  /** Reads what has changed; at a look also what nobody tells of. */
  async read(isLook: boolean): Promise<ChainResult> {
    const { signal } = this.#deps;
    const result: ChainResult = { more: false, hasRead: false, hasLost: false };
    for (const file of [...this.#files]) {
      if (signal.aborted) return result;
      if (file.isDirty || (isLook && (file !== this.last || !file.isWatched)))
        Object.assign(result, await this.#readOne(file));
      if (!file.reachedEnd) return { ...result, more: true };
      if (file !== this.last && this.#files.includes(file)) await this.#letGo(file);
    }
    return result;
  }

  /**
   * Lets the last file go if it cannot be gone on with now that another is at the path: when it was emptied before it was rotated,
   * or when nothing of it was read by which that could be noticed.
   */
  async takeBackLast(): Promise<void> {
    const { last } = this;
    if (!last || (last.reader.standing.front > 0 && (await last.reader.isIntact()))) return;
    await this.#changed(last);
  }

  async close(): Promise<void> {
    this.#closedAt = this.position;
    const files = this.#files;
    this.#files = [];
    for (const file of files) await file.close();
  }

  async #readOne(file: FollowedFile): Promise<Partial<ChainResult>> {
    file.isDirty = false;
    let some: Partial<ChainResult> = {};
    for (let block = 0; block < maxBlocksAtOnce && !this.#deps.signal.aborted; block++) {
      const kind = await this.#step(file);
      if (kind === "changed") return { ...some, ...(await this.#changed(file)) };
      if (kind === "end") {
        file.reachedEnd = true;
        return some;
      }
      some = { hasRead: true };
      file.lastNewMs = this.#deps.clock.monotonic();
    }
    file.isDirty = true;
    return { ...some, more: true };
  }

  /** What could not be taken is read again. */
  async #step(file: FollowedFile): Promise<Step["kind"]> {
    const before = file.reader.standing;
    let isOther = false;
    try {
      const kind = await file.reader.next(this.#lend, async (step) => {
        if (await this.#isFirst(file, step)) await this.#hand(file, step);
        else isOther = true;
      });
      if (kind !== "changed") file.confirm();
      if (!isOther) return kind;
      file.reader.standing = before;
      return "changed";
    } catch (failure) {
      file.reader.standing = before;
      file.isDirty = true;
      if (!(failure instanceof Unreadable)) throw failure;
      this.#deps.gap({ reason: "rotated-away", from: placeOf(file) });
      await this.#drop(file);
      return "end";
    }
  }

  /** Before anything was taken there is nothing that a change could be noticed by. */
  async #isFirst(file: FollowedFile, step: Step): Promise<boolean> {
    if (step.kind !== "lines" || step.offset > 0 || file.isWhole || file !== this.last) return true;
    return this.#deps.isFirstContent();
  }

  async #hand({ generation }: FollowedFile, step: Step): Promise<void> {
    if (step.kind === "freed")
      return this.#deps.gap({ reason: "freed", bytes: step.bytes, from: { generation, offset: step.offset } });
    const { position } = this;
    if (step.kind !== "lines" || !position) return;
    const { bytes, offset, clipped } = step;
    await this.#deps.take({ bytes, place: { generation, offset }, clipped, position });
  }

  /** Of a late file that was emptied there is nobody any more who would have copied it. */
  async #changed(file: FollowedFile): Promise<Partial<ChainResult>> {
    const hasLost = file === this.last;
    if (hasLost) this.lost = { position: file.position, knownBytes: file.knownBytes };
    else this.#deps.gap({ reason: "truncated", from: placeOf(file) });
    await this.#drop(file);
    return { hasLost };
  }

  /** Ends with a late file once it is over: copies at once, others when they are quiet, or too many. */
  async #letGo(file: FollowedFile): Promise<void> {
    const { clock } = this.#deps;
    const isQuiet = clock.monotonic() - file.lastNewMs >= lateMs;
    const isTooOld = this.#files.indexOf(file) < this.#files.length - 1 - maxLate;
    if (!file.isWhole && !isQuiet && !isTooOld) return;
    await file.reader.rest(this.#lend, (step) => this.#hand(file, step));
    await this.#drop(file);
  }

  async #drop(file: FollowedFile): Promise<void> {
    file.reachedEnd = true;
    this.know(file.position);
    this.#files = this.#files.filter((one) => one !== file);
    await file.close();
  }
}

function placeOf({ generation, reader }: FollowedFile): Place {
  return { generation, offset: reader.standing.offset };
}
