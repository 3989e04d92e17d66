import { isSameFile, type ByteSource, type Facts, type Identity } from "./byte-source.js";
import { LineReader, type Standing } from "./line-reader.js";
import type { FilePosition } from "./place.js";
import { printOf } from "./print.js";
import { watchFile } from "./watch.js";

export type FollowedOptions = {
  generation: number;
  maxLineBytes: number;
  /** Nobody writes to it any more: it is over when its end is reached. */
  isWhole: boolean;
  /** Called when it may have changed, or has another name; without it, it is not watched. */
  changed?: (isMoved: boolean) => void;
};

/** One content of a followed file: its own while it is written to, later whatever became of it. */
export class FollowedFile {
  readonly reader: LineReader;
  readonly generation: number;
  readonly isWhole: boolean;
  facts: Facts;
  /** It may have more than was read. */
  isDirty = true;
  /** Everything that was there has been read once: what comes after it may begin. */
  reachedEnd = false;
  /** On the monotonic clock: when it last had something new. */
  lastNewMs = 0;
  readonly #source: ByteSource;
  readonly #unwatch: (() => void) | undefined;
  #seenBytes = 0;
  #confirmedBytes = 0;

  static async open(source: ByteSource, standing: Standing, options: FollowedOptions): Promise<FollowedFile> {
    try {
      return new FollowedFile(source, standing, await source.facts(), options);
    } catch (failure) {
      await source.close();
      throw failure;
    }
  }

  private constructor(
    source: ByteSource,
    standing: Standing,
    facts: Facts,
    { generation, maxLineBytes, isWhole, changed }: FollowedOptions,
  ) {
    this.#source = source;
    this.facts = facts;
    this.generation = generation;
    this.isWhole = isWhole;
    this.reader = new LineReader(source, standing, maxLineBytes);
    if (source.descriptor !== undefined && changed)
      this.#unwatch = watchFile(source.descriptor, (isMoved) => {
        this.isDirty = true;
        changed(isMoved);
      });
  }

  isAt(identity: Identity): boolean {
    return isSameFile(this.facts, identity);
  }

  /** What the file system says of it now. */
  async refresh(): Promise<void> {
    this.see(await this.#source.facts());
  }

  see(facts: Facts): void {
    const { size, modifiedMs } = this.facts;
    if (this.reader.standing.offset > 0) this.#seenBytes = facts.size;
    if (facts.size !== size || facts.modifiedMs !== modifiedMs) this.isDirty = true;
    this.facts = facts;
  }

  get isWatched(): boolean {
    return this.#unwatch !== undefined;
  }

  /** What was read before is still there: so was what was seen of it in the meantime. */
  confirm(): void {
    this.#confirmedBytes = Math.max(this.#confirmedBytes, this.#seenBytes);
  }

  /** So long its content was once. */
  get knownBytes(): number {
    return Math.max(this.#confirmedBytes, this.reader.standing.front);
  }

  get position(): FilePosition {
    const { offset, before, fingerprint, skipping } = this.reader.standing;
    const { device, inode, bornMs, modifiedMs } = this.facts;
    return {
      ...{
        device,
        inode,
        bornMs,
        fingerprint,
        before: printOf(before),
        generation: this.generation,
        offset,
        modifiedMs,
      },
      ...(skipping ? { skipping } : {}),
    };
  }

  async close(): Promise<void> {
    this.#unwatch?.();
    await this.#source.close();
  }
}
