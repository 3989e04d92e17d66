import type { Access } from "./access.js";
import { notAFile, toFacts, type Facts } from "./byte-source.js";
import type { Chain, Lost } from "./chain.js";
import { allOrNone, findAgain, openAll, type Content } from "./find-again.js";
import { newerThan, since, unknownOf, type Beginning, type Surroundings } from "./newer.js";
import type { Gap, Position } from "./place.js";
import { atEnd } from "./restore.js";
import { movedError } from "./trail.js";
import { isSameListing, siblingsOf } from "./siblings.js";

export type LookDeps = {
  access: Access;
  maxLineBytes: number;
  from: "beginning" | "end";
  /** The wall clock. */
  nowMs: () => number;
  gap: (gap: Gap) => void;
};

/** `unsettled`: somebody is renaming files just now. `gone`: nothing is at the path. Both ask for another look soon. */
export type Sight = "settled" | "unsettled" | "gone";

/** Looks what is at a path, and hands on to the chain what came there since the last look, however often it was rotated. */
export class Look {
  readonly #path: string;
  readonly #chain: Chain;
  readonly #deps: LookDeps;
  #generation: number;
  #isFirst: boolean;
  #beginning: Beginning | undefined;

  constructor(path: string, chain: Chain, deps: LookDeps) {
    this.#path = path;
    this.#chain = chain;
    this.#deps = deps;
    this.#isFirst = chain.lost === undefined;
    this.#generation = chain.lost?.position.generation ?? 0;
  }

  /** @throws ErrnoException when something is there that cannot be looked at or opened */
  async look(): Promise<Sight> {
    return unlessMoved(async () => {
      const sight = await this.#act(await this.#factsOfPath());
      this.#isFirst = false;
      return sight;
    }, "unsettled");
  }

  /**
   * Is the beginning of the file that was read just now the first that ever was there since it was begun? Who copies and empties
   * it more than once before anybody reads leaves no other trace than a copy that nobody knows.
   */
  async isFirstContent(): Promise<boolean> {
    return unlessMoved(async () => {
      const around = await this.#surroundings();
      if (!around) return false;
      return !this.#beginning || (await unknownOf(since(around.siblings, this.#beginning), around)).length === 0;
    }, false);
  }

  async #act(facts: Facts | undefined): Promise<Sight> {
    const { last, lost } = this.#chain;
    if (lost) return this.#find(lost, facts);
    if (!facts) return "gone";
    if (!last) return this.#begin();
    if (last.isAt(facts)) {
      last.see(facts);
      return "settled";
    }
    await last.refresh();
    await this.#chain.takeBackLast();
    if (this.#chain.lost) return this.#find(this.#chain.lost, facts);
    const around = await this.#surroundings();
    if (!around) return "unsettled";
    const newer = await newerThan(last.position, around);
    return this.#push(await allOrNone((opened) => openAll(newer, around, opened)));
  }

  async #factsOfPath(): Promise<Facts | undefined> {
    const stats = await this.#deps.access.look(this.#path);
    if (stats && !stats.isFile()) throw notAFile(this.#path);
    return stats && toFacts(stats);
  }

  async #surroundings(wanted?: Position): Promise<Surroundings | undefined> {
    const { access, maxLineBytes } = this.#deps;
    const siblings = await siblingsOf(this.#path, access, wanted);
    const files = this.#chain.files;
    if (!siblings) return undefined;
    const confirm = async (): Promise<void> => {
      if (!isSameListing(siblings, await siblingsOf(this.#path, access, wanted))) throw movedError(this.#path);
    };
    return {
      ...{ siblings, held: files.map(({ facts }) => facts), known: this.#chain.known, access, maxLineBytes, confirm },
      passed: this.#beginning?.passed ?? [],
    };
  }

  async #begin(): Promise<Sight> {
    const around = await this.#surroundings();
    const itself = around?.siblings.find(({ rotation }) => !rotation);
    if (!around || !itself) return "unsettled";
    return this.#push(
      await allOrNone(async (opened) => {
        const contents = await openAll([itself], around, opened);
        const [content] = contents;
        const isAtEnd = content && this.#isFirst && this.#deps.from === "end";
        return isAtEnd ? [{ ...content, standing: await atEnd(content.source, around.maxLineBytes) }] : contents;
      }),
    );
  }

  /** Goes on where a position says. Nothing has happened before all of it is open. */
  async #find({ position, knownBytes }: Lost, facts: Facts | undefined): Promise<Sight> {
    for (const one of [position, ...(position.late ?? [])]) this.#chain.know(one);
    const around = await this.#surroundings(position);
    if (!around) return "unsettled";
    const again = await findAgain(position, {
      ...{ around, knownBytes, nowMs: this.#deps.nowMs() },
      ...(facts && { facts }),
      ...(this.#beginning && { beginning: this.#beginning }),
    });
    if (!again) return "gone";
    this.#chain.lost = undefined;
    again.gaps.forEach(this.#deps.gap);
    // Of a file of which nothing was read, no line has a place yet.
    this.#generation = position.offset === 0 ? position.generation - 1 : position.generation;
    return this.#push(again.contents);
  }

  async #push(contents: readonly Content[]): Promise<Sight> {
    for (const { source, standing, isWhole, beginning, generation = this.#generation + 1 } of contents) {
      await this.#chain.push(source, standing, generation, isWhole);
      this.#generation = Math.max(this.#generation, generation);
      if (beginning) this.#beginning = beginning;
    }
    return "settled";
  }
}

/** What to answer when a file was renamed before it could be opened. */
async function unlessMoved<T>(ask: () => Promise<T>, otherwise: T): Promise<T> {
  return ask().catch((failure: unknown) => {
    if ((failure as NodeJS.ErrnoException).code === "ENOENT") return otherwise;
    throw failure;
  });
}
