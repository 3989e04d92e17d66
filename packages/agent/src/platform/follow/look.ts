import { stat } from "node:fs/promises";
import type { Access } from "./access.js";
import { openFile, toFacts, type Facts } from "./byte-source.js";
import type { Chain, Lost } from "./chain.js";
import type { FilePosition, Gap, Position } from "./place.js";
import { atBeginning, atEnd } from "./restore.js";
import { isSameFile, siblingsOf, type Sibling } from "./siblings.js";
import { after, findOwn, laterThan, openSibling, type Own } from "./trail.js";

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
  #lost: Position | undefined;
  #generation: number;
  #isFirst: boolean;
  #knownBytes = 0;

  constructor(path: string, position: Position | undefined, chain: Chain, deps: LookDeps) {
    this.#path = path;
    this.#chain = chain;
    this.#deps = deps;
    this.#lost = position;
    this.#isFirst = position === undefined;
    this.#generation = position?.generation ?? 0;
  }

  /** What was read of the last file is no longer in it: the rest of it has to be found. */
  lose({ position, knownBytes }: Lost): void {
    this.#lost = position;
    this.#knownBytes = knownBytes;
  }

  /** Where to go on as long as it was not found. */
  get lost(): Position | undefined {
    return this.#lost;
  }

  /** @throws ErrnoException when something is there that cannot be looked at or opened */
  async look(): Promise<Sight> {
    const facts = await this.#factsOfPath();
    const { last } = this.#chain;
    const sight = await this.#act(facts, last);
    this.#isFirst = false;
    return sight;
  }

  async #act(facts: Facts | undefined, last = this.#chain.last): Promise<Sight> {
    if (this.#lost) return this.#find(this.#lost, facts);
    if (!facts) return "gone";
    if (!last) return this.#begin();
    if (last.isAt(facts)) {
      last.see(facts);
      return "settled";
    }
    await last.refresh();
    const siblings = await siblingsOf(this.#path, this.#deps.access);
    if (!siblings) return "unsettled";
    return this.#pushAll(await this.#newer(siblings, last.position));
  }

  async #factsOfPath(): Promise<Facts | undefined> {
    try {
      return toFacts(await this.#deps.access.ask(() => stat(this.#path)));
    } catch (failure) {
      const { code } = failure as NodeJS.ErrnoException;
      if (code === "ENOENT" || code === "ENOTDIR") return undefined;
      throw failure;
    }
  }

  async #begin(): Promise<Sight> {
    const { access, from, maxLineBytes } = this.#deps;
    const source = await openFile(this.#path, access);
    const standing = this.#isFirst && from === "end" ? await atEnd(source, maxLineBytes) : atBeginning;
    await this.#chain.push(source, standing, ++this.#generation, false);
    return "settled";
  }

  /** Newer siblings than a content; when it is no longer among them, its copy tells which they are. */
  async #newer(siblings: readonly Sibling[], position: FilePosition): Promise<Sibling[]> {
    const newer = after(siblings, position);
    if (newer) return newer;
    const copy = await findOwn(siblings, position, this.#deps);
    await copy?.source.close();
    return (copy && after(siblings, copy.sibling)) ?? laterThan(siblings, position, this.#deps);
  }

  /** Goes on where a position says, in whatever has become of its file. */
  async #find(position: Position, facts: Facts | undefined): Promise<Sight> {
    const siblings = await siblingsOf(this.#path, this.#deps.access, position);
    if (!siblings) return "unsettled";
    const own = await findOwn(siblings, position, this.#deps);
    if (!own && !facts) return "gone";
    this.#lost = undefined;
    await this.#findLate(siblings, position);
    this.#tellGap(position, own, facts, siblings);
    if (own) await this.#pushOwn(own, position.generation);
    const newer = own ? after(siblings, own.sibling) : await laterThan(siblings, position, this.#deps);
    return this.#pushAll(newer ?? []);
  }

  /** Something is lost when nothing was found, or a copy that ends before what was known to be there. */
  #tellGap(from: Position, own: Own | undefined, facts: Facts | undefined, siblings: readonly Sibling[]): void {
    const known = this.#knownBytes;
    this.#knownBytes = 0;
    const has = own && !own.sibling.packing ? own.sibling.size : from.offset;
    const bytes = known > has ? { bytes: known - has } : {};
    const { generation, offset } = from;
    if (!own) this.#deps.gap({ reason: reasonOf(from, facts, siblings), ...bytes, from: { generation, offset } });
    else if (own.isWhole && known > has)
      this.#deps.gap({ reason: "truncated", ...bytes, from: { generation, offset: has } });
  }

  async #pushOwn({ source, standing, isWhole }: Own, generation: number): Promise<void> {
    await this.#chain.push(source, standing, generation, isWhole);
  }

  async #findLate(siblings: readonly Sibling[], { late = [] }: Position): Promise<void> {
    for (const one of late) {
      if (this.#chain.files.some((file) => file.isAt(one))) continue;
      const own = await findOwn(siblings, one, this.#deps);
      if (own) await this.#pushOwn(own, one.generation);
      else if (one.untilMs > this.#deps.nowMs())
        this.#deps.gap({ reason: "rotated-away", from: { generation: one.generation, offset: one.offset } });
    }
  }

  /** In their order, and each opened before it can be rotated away. What cannot be opened or has changed its name ends it. */
  async #pushAll(siblings: readonly Sibling[]): Promise<Sight> {
    for (const sibling of siblings) {
      if (this.#chain.files.some((file) => file.isAt(sibling))) continue;
      const source = await openSibling(sibling, this.#deps);
      const { inode, device } = await source.facts();
      if (inode !== sibling.inode || device !== sibling.device) {
        await source.close();
        return "unsettled";
      }
      await this.#chain.push(source, atBeginning, ++this.#generation, sibling.packing !== undefined);
    }
    return "settled";
  }
}

function reasonOf(position: Position, facts: Facts | undefined, siblings: readonly Sibling[]): Gap["reason"] {
  if (facts && isSameFile(facts, position)) return "truncated";
  return siblings.some(({ rotation }) => rotation) ? "rotated-away" : "replaced";
}
