import { createHmac, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { messageOf, type EventData } from "@ostler/protocol";
import * as z from "zod";
import { replaceFile } from "../../platform/disk.js";
import { isSameFile, type NamedFile } from "../../platform/file-identity.js";

/** What a run was begun with. */
export type Begun = { environment: Readonly<Record<string, string>>; files: readonly NamedFile[] };

export type Difference = Pick<NonNullable<EventData<"service.crashed">["changed"]>, "environment" | "files">;

type Slot = { service: string; process: string };

const fileIdentity = z.object({ path: z.string(), bytes: z.number(), modified: z.string(), inode: z.number() });
const settledRun = z.object({
  run: z.number(),
  environment: z.record(z.string(), z.string()),
  files: z.array(z.object({ word: z.string(), file: fileIdentity })),
});
const stored = z.object({ key: z.string().min(32), runs: z.record(z.string(), settledRun) });

export type SettledRunsDeps = { degraded: (reason: string) => void; recovered: () => void };

/**
 * Of each process what its last run that went well was begun with, to say after a crash what is different now. Values of
 * the environment are secrets: only their digests under a key of this agent are kept, in one file of its data directory, and
 * nothing of them leaves it but the names.
 */
export class SettledRuns implements AsyncDisposable {
  readonly #path: string;
  readonly #deps: SettledRunsDeps;
  readonly #key: string;
  readonly #runs: Map<string, z.infer<typeof settledRun>>;
  #writing: Promise<void> | undefined;
  #isDirty = false;
  #isDegraded = false;

  /** What cannot be read is forgotten: it only costs the comparison. */
  constructor(path: string, deps: SettledRunsDeps) {
    this.#path = path;
    this.#deps = deps;
    const { key, runs } = read(path) ?? { key: randomBytes(32).toString("base64url"), runs: {} };
    this.#key = key;
    this.#runs = new Map(Object.entries(runs));
  }

  /** A run has gone well; without `begun`, because an agent before this one has begun it, what was known of it stays. */
  remember(slot: Slot, run: number, begun: Begun | undefined): void {
    if (!begun) return;
    this.#runs.set(keyOf(slot), { run, environment: this.#digests(begun), files: [...begun.files] });
    this.#write();
  }

  forget(service: string): void {
    for (const key of [...this.#runs.keys()]) if (key.startsWith(`${service}/`)) this.#runs.delete(key);
    this.#write();
  }

  /** What is different in `begun` from the run that went well; nothing where that is not known. */
  differenceTo(slot: Slot, run: number, begun: Begun | undefined): Difference {
    const before = this.#runs.get(keyOf(slot));
    if (before?.run !== run || !begun) return {};
    const now = this.#digests(begun);
    const names = [...new Set([...Object.keys(before.environment), ...Object.keys(now)])].sort();
    const environment = {
      added: names.filter((name) => before.environment[name] === undefined),
      removed: names.filter((name) => now[name] === undefined),
      changed: names.filter((name) => {
        const [old, its] = [before.environment[name], now[name]];
        return old !== undefined && its !== undefined && old !== its;
      }),
    };
    const files = begun.files.flatMap(({ word, file: to }) => {
      const from = before.files.find((one) => one.word === word)?.file;
      return from && !isSameFile(from, to) ? [{ word, from, to }] : [];
    });
    return { environment, files };
  }

  /** Resolves when the last thing that was remembered is on the disk, or cannot be. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writing;
  }

  #digests({ environment }: Begun): Record<string, string> {
    const digest = (name: string, value: string): string =>
      createHmac("sha256", this.#key).update(`${name}\0${value}`).digest("base64url");
    return Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, digest(name, value)]));
  }

  /** One write at a time; what is remembered meanwhile is in the next. */
  #write(): void {
    this.#isDirty = true;
    this.#writing ??= this.#writeAll().finally(() => (this.#writing = undefined));
  }

  async #writeAll(): Promise<void> {
    while (this.#isDirty) {
      this.#isDirty = false;
      try {
        await replaceFile(
          this.#path,
          JSON.stringify({ key: this.#key, runs: Object.fromEntries(this.#runs) }),
          dirname(this.#path),
        );
        if (this.#isDegraded) this.#deps.recovered();
        this.#isDegraded = false;
      } catch (failure) {
        if (!this.#isDegraded) this.#deps.degraded(`${this.#path} cannot be written: ${messageOf(failure)}`);
        this.#isDegraded = true;
      }
    }
  }
}

function keyOf({ service, process }: Slot): string {
  return `${service}/${process}`;
}

function read(path: string): z.infer<typeof stored> | undefined {
  try {
    const parsed = stored.safeParse(JSON.parse(readFileSync(path, "utf8")));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
