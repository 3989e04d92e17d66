import { appendFile, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { maxPoints, parsePoints, textOfPoints, thinned, type TimePoint } from "./time-points.js";

/**
 * When what stands in the spools was written, which they do not say themselves: a small file of points beside each. It is
 * a help for readers; without it the time of a line is less exact, and nothing else changes.
 */
export class OutputTimes {
  readonly #directory: string;
  /** Of each spool: how many points it has, and the last offset. */
  readonly #known = new Map<string, { count: number; end: number }>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** A spool is so long, and was last written at this moment. One that has become shorter was emptied, and begins anew. */
  async note(spool: string, offset: number, ms: number): Promise<void> {
    const known = this.#known.get(spool) ?? (await this.#load(spool));
    if (offset === known.end) return;
    const point = { offset, ms: Math.round(ms) };
    if (offset < known.end) return this.#write(spool, offset === 0 ? [] : [point]);
    if (known.count >= maxPoints) return this.#write(spool, [...thinned(await this.of(spool)), point]);
    await this.#made(() => appendFile(this.#path(spool), textOfPoints([point]), { mode: 0o600 }));
    this.#known.set(spool, { count: known.count + 1, end: offset });
  }

  /** What stood before this offset is gone. */
  async freed(spool: string, before: number): Promise<void> {
    const points = await this.of(spool);
    await this.#write(
      spool,
      points.filter(({ offset }) => offset > before),
    );
  }

  /** Leaves nothing of spools that are not there any more. */
  async keepOnly(spools: readonly string[]): Promise<void> {
    for (const spool of await readdir(this.#directory).catch(() => []))
      // Nothing was ever noted.
      if (!spools.includes(spool)) {
        await rm(this.#path(spool), { force: true });
        this.#known.delete(spool);
      }
  }

  /** The points of a spool in order; none when they cannot be read. */
  async of(spool: string): Promise<TimePoint[]> {
    return parsePoints(await readFile(this.#path(spool), "utf8").catch(() => "")); // A help, see above.
  }

  /** The next point must not be written behind half a line that a crash has left. */
  async #load(spool: string): Promise<{ count: number; end: number }> {
    const points = await this.of(spool);
    if (points.length > 0) await this.#write(spool, points);
    return this.#known.get(spool) ?? { count: 0, end: 0 };
  }

  async #write(spool: string, points: readonly TimePoint[]): Promise<void> {
    await this.#made(() => writeFile(this.#path(spool), textOfPoints(points), { mode: 0o600 }));
    this.#known.set(spool, { count: points.length, end: points.at(-1)?.offset ?? 0 });
  }

  /** The directory is made when it is first needed. */
  async #made(write: () => Promise<void>): Promise<void> {
    await write().catch(async (failure: unknown) => {
      if ((failure as NodeJS.ErrnoException).code !== "ENOENT") throw failure;
      await mkdir(this.#directory, { recursive: true, mode: 0o700 });
      await write();
    });
  }

  #path(spool: string): string {
    return join(this.#directory, spool);
  }
}
