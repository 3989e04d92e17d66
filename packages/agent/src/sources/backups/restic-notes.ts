import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { OstlerError } from "@ostler/protocol";
import * as z from "zod";
import { replaceFile } from "../../platform/disk.js";

const known = z.object({
  files: z.int().min(0),
  bytes: z.int().min(0),
  storedBytes: z.int().min(0).optional(),
});
export type KnownOfBackup = z.output<typeof known>;

const part = z.object({ next: z.int().min(1) });

const begunSuffix = ".begun";

/** What is known of backups that restic would have to look for, and which part of the repository is read next. All can be lost. */
export class ResticNotes {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  async of(id: string): Promise<KnownOfBackup | undefined> {
    return known.safeParse(await this.#read(`${id}.json`)).data;
  }

  async keep(id: string, what: KnownOfBackup): Promise<void> {
    await this.#write(`${id}.json`, what);
  }

  /** From now on until it is `ended`, nobody knows whether it is whole. */
  async begin(id: string): Promise<void> {
    await this.#write(`${id}${begunSuffix}`, {});
  }

  async end(id: string): Promise<void> {
    await rm(join(this.#directory, `${id}${begunSuffix}`), { force: true });
  }

  /** Those that were begun and not ended, of all sets: who made them was killed, or is at it. */
  async begun(): Promise<Set<string>> {
    const names = await readdir(this.#directory).catch((failure: unknown) => {
      if ((failure as NodeJS.ErrnoException).code === "ENOENT") return [];
      throw OstlerError.from(failure, "failed");
    });
    const marks = names.filter((name) => name.endsWith(begunSuffix));
    return new Set(marks.map((name) => name.slice(0, -begunSuffix.length)));
  }

  async forget(ids: readonly string[]): Promise<void> {
    for (const id of ids)
      for (const suffix of [".json", begunSuffix]) await rm(join(this.#directory, `${id}${suffix}`), { force: true });
  }

  /** The part of `total` that is to be read next, from 1. */
  async part(set: string, total: number): Promise<number> {
    const next = part.safeParse(await this.#read(`${set}.part`)).data?.next ?? 1;
    return next > total ? 1 : next;
  }

  async readPart(set: string, done: number, total: number): Promise<void> {
    await this.#write(`${set}.part`, { next: (done % total) + 1 });
  }

  async #read(name: string): Promise<unknown> {
    try {
      return JSON.parse(await readFile(join(this.#directory, name), "utf8"));
    } catch (failure) {
      const isNone = failure instanceof SyntaxError || (failure as NodeJS.ErrnoException).code === "ENOENT";
      if (isNone) return undefined; // Half a file is none: it is made anew.
      throw OstlerError.from(failure, "failed");
    }
  }

  async #write(name: string, value: unknown): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    await replaceFile(join(this.#directory, name), `${JSON.stringify(value)}\n`, this.#directory);
  }
}
