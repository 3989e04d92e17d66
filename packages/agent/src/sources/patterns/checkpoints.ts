import { createHash } from "node:crypto";
import { messageOf } from "@ostler/protocol";
import * as z from "zod";
import type { Disk } from "../../core/disk.js";
import type { Unwritten } from "./forward-file.js";

const patternPoint = z.object({
  matches: z.number(),
  lastMs: z.number().optional(),
  limiter: z.object({ fromMs: z.number(), told: z.number(), suppressed: z.number() }).optional(),
  /** The run of each process in which it was seen, where it is expected after a start. */
  seenIn: z.record(z.string(), z.number()).optional(),
  recent: z.array(z.tuple([z.string(), z.array(z.tuple([z.number(), z.number()]))])).optional(),
  /** What was added up, and by which definition. */
  tally: z.object({ definition: z.string(), sums: z.array(z.unknown()) }).optional(),
});
export type PatternPoint = z.infer<typeof patternPoint>;

/** A record that waited for more lines: those that it had, and where they were written. */
const heldRecord = z.object({
  origin: z.object({
    process: z.string().optional(),
    stream: z.enum(["stdout", "stderr"]).optional(),
    file: z.string().optional(),
  }),
  lines: z.array(z.string()),
  key: z.string(),
  isClipped: z.boolean(),
});

/**
 * How far a source has been looked at, and what had come of it by then, as one: after a crash both are as they were at the
 * same moment. `seq` is that of the last event then: what is told of later lines comes after it, or is among `told`.
 */
const checkpoint = z.object({
  service: z.string(),
  source: z.string(),
  atMs: z.number().describe("Whatever had come by then, by the wall clock, has a position here"),
  epoch: z.string(),
  seq: z.number(),
  positions: z.record(z.string(), z.unknown()),
  globs: z
    .array(z.string())
    .optional()
    .describe("The files that were looked for: of others nobody knows what was there before"),
  lines: z.number(),
  bytes: z.number(),
  patterns: z.record(z.string(), patternPoint),
  /** What lies before the positions and is no whole record yet, by label. */
  held: z.record(z.string(), heldRecord).optional(),
  /** Matches that were told of lines behind the positions, by label: an agent was killed while it read them again. */
  told: z.array(z.object({ label: z.string(), pattern: z.string(), line: z.string() })).optional(),
  forward: z.object({ inode: z.number(), bytes: z.number() }).optional(),
});
export type Checkpoint = z.infer<typeof checkpoint>;

const suffix = ".checkpoint";

/** The checkpoints of all sources on the disk, each in a file of its own that is replaced whole. */
export class Checkpoints {
  readonly #disk: Disk;
  readonly #known: Map<string, Checkpoint>;
  /** Of those that are newer than on the disk: what could not be forwarded. */
  readonly #unsaved = new Map<string, Unwritten>();

  /** What cannot be read is told: its source is begun as if it had never been seen. */
  static async open(disk: Disk, degraded: (reason: string) => void): Promise<Checkpoints> {
    const known = new Map<string, Checkpoint>();
    for (const { name, bytes } of await disk.list()) {
      if (!name.endsWith(suffix)) continue;
      try {
        const saved = checkpoint.parse(JSON.parse((await disk.read(name, 0, bytes)).toString()));
        known.set(keyOf(saved.service, saved.source), saved);
      } catch (failure) {
        degraded(
          `cannot read ${name}: ${messageOf(failure)}. What it knew is lost: lines may be missed or told twice.`,
        );
      }
    }
    return new Checkpoints(disk, known);
  }

  private constructor(disk: Disk, known: Map<string, Checkpoint>) {
    this.#disk = disk;
    this.#known = known;
  }

  get all(): Checkpoint[] {
    return [...this.#known.values()];
  }

  get(service: string, source: string): Checkpoint | undefined {
    return this.#known.get(keyOf(service, source));
  }

  async save(point: Checkpoint): Promise<void> {
    await this.#disk.replace(fileOf(point.service, point.source), JSON.stringify(point));
    this.#known.set(keyOf(point.service, point.source), point);
  }

  /** What cannot be saved now is known in memory, to whoever goes on with the source in this agent. */
  handOver(point: Checkpoint, unwritten: Unwritten): void {
    this.#known.set(keyOf(point.service, point.source), point);
    this.#unsaved.set(keyOf(point.service, point.source), unwritten);
  }

  /** What was handed over with a checkpoint, once. Nothing when the checkpoint is on the disk. */
  takeOver(service: string, source: string): Unwritten | undefined {
    const unwritten = this.#unsaved.get(keyOf(service, source));
    this.#unsaved.delete(keyOf(service, source));
    return unwritten;
  }

  async remove(service: string, source: string): Promise<void> {
    this.#unsaved.delete(keyOf(service, source));
    this.#known.delete(keyOf(service, source));
    await this.#disk.remove(fileOf(service, source));
  }
}

/** Names have no slash. */
function keyOf(service: string, source: string): string {
  return `${service}/${source}`;
}

function fileOf(service: string, source: string): string {
  return createHash("sha256").update(keyOf(service, source)).digest("hex").slice(0, 32) + suffix;
}
