import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { messageOf, OstlerError } from "@ostler/protocol";
import { replaceFile, syncDirectory } from "../../platform/disk.js";

/** A program of a set, as it was configured when the service was brought to rest. */
const hook = z.object({
  command: z.array(z.string()),
  env: z.record(z.string(), z.string()),
  cwd: z.string().optional(),
  timeout: z.number(),
});

const record = z.object({
  service: z.string(),
  name: z.string(),
  /** Something was run before, and is not undone yet. */
  hooks: z.boolean(),
  /** What undoes it, should the set be gone from the configuration by then. */
  after: hook.optional(),
  /** Names of the processes that are to be started again. */
  stopped: z.array(z.string()),
});
/** What of a service is at rest for the sake of a backup. */
export type QuiesceRecord = z.output<typeof record>;

export function quiescePath(directory: string, { service, name }: Pick<QuiesceRecord, "service" | "name">): string {
  return join(directory, `${service}.${name}.json`);
}

/** It is on the disk when this resolves. */
export async function writeQuiesceRecord(directory: string, of: QuiesceRecord): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await replaceFile(quiescePath(directory, of), JSON.stringify(of), directory);
}

/** Also what is left of one that could not be written. */
export async function removeQuiesceRecord(directory: string, of: QuiesceRecord): Promise<void> {
  const path = quiescePath(directory, of);
  await rm(`${path}.new`, { force: true });
  await rm(path, { force: true });
  await syncDirectory(directory);
}

/** Paths of all records; a directory that is not there has none. */
export async function quiescePaths(directory: string): Promise<string[]> {
  const names = await readdir(directory).catch((failure: unknown) => {
    if ((failure as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw failure;
  });
  for (const name of names.filter((one) => one.endsWith(".json.new"))) await rm(join(directory, name), { force: true });
  return names.filter((name) => name.endsWith(".json")).map((name) => join(directory, name));
}

/** @throws OstlerError `failed` */
export async function readQuiesceRecord(path: string): Promise<QuiesceRecord> {
  try {
    return record.parse(JSON.parse(await readFile(path, "utf8")));
  } catch (cause) {
    throw new OstlerError(
      "failed",
      `The record ${path} of a service at rest cannot be read: ${messageOf(cause)}. Start that service where it is stopped, and remove the file.`,
      { cause },
    );
  }
}
