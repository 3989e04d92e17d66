import { readFile, rm } from "node:fs/promises";
import { dirname } from "node:path";
import * as z from "zod";
import { messageOf, OstlerError } from "@ostler/protocol";
import { replaceFile, syncDirectory } from "../../platform/disk.js";

const attributes = z.object({ mode: z.int(), uid: z.int(), gid: z.int() });

const move = z.object({
  place: z.string(),
  /** Where the old is meanwhile. */
  before: z.string(),
  /** Absent where the place is to be empty. The inode tells whether it is in place already. */
  staged: z.object({ path: z.string(), inode: z.string() }).optional(),
  /** Where the old stays if it is not to be removed, or cannot be. */
  keptAs: z.string(),
  isKept: z.boolean(),
});
export type Move = z.output<typeof move>;

const record = z.object({
  format: z.literal("ostler-swap/1"),
  id: z.string(),
  /** `staging`: nothing is moved. `swapping`: some may be. `swapped`: all is, and the old is to go. */
  phase: z.enum(["staging", "swapping", "swapped"]),
  /** One for all places of a file system. */
  stagings: z.array(z.object({ places: z.array(z.string()), directory: z.string() })),
  /** Directories above places that were made, outermost first. */
  parents: z.array(z.string()),
  moves: z.array(move),
  /** Mount points, which stay and are given what the staged ones have. */
  dressed: z.array(z.object({ place: z.string(), before: attributes, after: attributes })),
});
/** What is done to the host, written down before it is done. */
export type SwapRecord = z.output<typeof record>;

export type Recovered = { is: "undone" | "completed"; id: string; places: string[]; kept: string[] };

export function swappedInWords({ is, id, places }: Recovered): string {
  return `the restore of ${id} was ${is}: ${places.join(", ")}`;
}

export function writeSwapRecord(path: string, of: SwapRecord): Promise<void> {
  return replaceFile(path, JSON.stringify(of), dirname(path));
}

/** Nothing where there is none. @throws OstlerError `failed` */
export async function readSwapRecord(path: string): Promise<SwapRecord | undefined> {
  try {
    return record.parse(JSON.parse(await readFile(path, "utf8")));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new OstlerError(
      "failed",
      `The record ${path} of a restore cannot be read, so what it has changed is not undone: ${messageOf(cause)}. Look for .ostler-before.* beside what was restored.`,
      { cause },
    );
  }
}

/** Also what is left of a record that could not be written. */
export async function removeSwapRecord(path: string): Promise<void> {
  await rm(`${path}.new`, { force: true });
  await rm(path, { force: true });
  await syncDirectory(dirname(path));
}
