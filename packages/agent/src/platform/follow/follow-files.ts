import { readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Clock } from "../../core/clock.js";
import { Follower } from "./follower.js";
import type { Block, Gap, Position } from "./place.js";
export type FollowFilesOptions = { positions: Readonly<Record<string, Position>>; from: (path: string) => "beginning" | "end" };
export type FollowFilesDeps = { clock: Clock; take: (path: string, block: Block) => void | Promise<void>; gap: (path: string, gap: Gap) => void; fault: (path: string, reason: string) => void; recovered: (path: string) => void; caughtUp: (path: string, position: Position | undefined) => void; gone: (path: string) => void };
export class FollowFiles implements AsyncDisposable {
  #followers = new Map<string, Follower>(); #cancel = () => {};
  static start(globs: readonly string[], options: FollowFilesOptions, deps: FollowFilesDeps): FollowFiles { const f = new FollowFiles(); const first = { is: true };
    const look = (): void => { for (const glob of globs) { const dir = dirname(glob); const re = new RegExp("^" + basename(glob).replace(/[.+@]/g, "\\$&").replaceAll("*", ".*") + "$"); let names: string[] = []; try { names = readdirSync(dir); } catch {}
      for (const name of glob.includes("*") ? names.filter((n) => re.test(n)) : [basename(glob)]) { const path = join(dir, name); if (f.#followers.has(path)) continue; const position = options.positions[path];
        const follower = Follower.start(path, { ...(position ? { position } : {}), from: first.is ? options.from(path) : "beginning" }, { clock: deps.clock, take: (block) => deps.take(path, block), gap: (gap) => deps.gap(path, gap), fault: (r) => deps.fault(path, r), recovered: () => deps.recovered(path) });
        f.#followers.set(path, follower); void follower.caughtUp().then(() => deps.caughtUp(path, follower.position)); } } first.is = false; f.#cancel = deps.clock.after(1000, look); }; look(); return f; }
  async [Symbol.asyncDispose](): Promise<void> { this.#cancel(); for (const one of this.#followers.values()) await one[Symbol.asyncDispose](); }
}
