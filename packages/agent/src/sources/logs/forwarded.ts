import { stat } from "node:fs/promises";
import type { LogSource } from "../../config/logs/log-source.js";

/** A file that lines are forwarded to, and how many renamed ones of it are kept. */
export type Forwarded = { file: string; keep: number };

const blockBytes = 512;

/** The files that the logs of some services are forwarded to. */
export function forwardedOf(services: Readonly<Record<string, { logs: readonly LogSource[] }>>): Forwarded[] {
  return Object.values(services).flatMap(({ logs }) =>
    logs.flatMap(({ forward }) => (forward?.file === undefined ? [] : [{ file: forward.file, keep: forward.keep }])),
  );
}

/** How much of the disk they occupy, with what they were renamed to. @throws ErrnoException for one that cannot be looked at */
export async function occupiedBy(forwarded: readonly Forwarded[]): Promise<number> {
  const paths = forwarded.flatMap(({ file, keep }) => [
    file,
    ...Array.from({ length: keep }, (_, n) => `${file}.${n + 1}`),
  ]);
  let bytes = 0;
  for (const path of new Set(paths)) bytes += await occupiedOf(path);
  return bytes;
}

async function occupiedOf(path: string): Promise<number> {
  try {
    return (await stat(path)).blocks * blockBytes;
  } catch (failure) {
    const { code } = failure as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return 0; // It was not rotated so often yet.
    throw failure;
  }
}
