import { stat } from "node:fs/promises";
import { bytesInWords, durationInWords } from "@ostler/protocol";
import type { FileCheck, FileLimits } from "../../../config/checks/file.js";
import { failed, passed, warned, type Probe, type Verdict } from "../verdict.js";
import { patiently } from "../../../core/patient.js";
import { mountOf } from "../../../platform/mounts.js";
import { whyOf } from "./words.js";

export type Found = { ageMs: number; bytes: number };

/** Looks at whether a file is there, how old and how large it is. */
export function fileProbe(check: FileCheck): Probe {
  const { path } = check;
  return async (signal) => {
    try {
      return judgeFile(check, await look(path, signal));
    } catch (failure) {
      return failed(`${path}: ${whyOf(failure)}`);
    }
  };
}

const look = patiently("checks", found, mountOf);

/** What is to be said of a file that was found so, or was not. */
export function judgeFile(check: FileCheck, file: Found | undefined): Verdict {
  const { path, exists, warn } = check;
  if (!file) return exists ? failed(`${path} is not there`) : passed;
  if (!exists) return failed(`${path} is there`);
  const wrong = beyond(check, file);
  if (wrong !== undefined) return failed(`${path} ${wrong}`);
  const nearly = beyond(warn, file);
  return nearly === undefined ? passed : warned(`${path} ${nearly}`);
}

function beyond({ newer_than, older_than, at_least, at_most }: FileLimits, file: Found): string | undefined {
  const written = `was last written ${durationInWords(file.ageMs)} ago`;
  if (newer_than !== undefined && file.ageMs > newer_than)
    return `${written}, longer than ${durationInWords(newer_than)}`;
  if (older_than !== undefined && file.ageMs <= older_than)
    return `${written}, less than ${durationInWords(older_than)}`;
  const has = `has ${bytesInWords(file.bytes)}`;
  if (at_least !== undefined && file.bytes < at_least) return `${has}, less than ${bytesInWords(at_least)}`;
  if (at_most !== undefined && file.bytes > at_most) return `${has}, more than ${bytesInWords(at_most)}`;
  return undefined;
}

/** Nothing when there is none. */
async function found(path: string): Promise<Found | undefined> {
  try {
    const { mtimeMs, size } = await stat(path);
    return { ageMs: Math.max(0, Date.now() - mtimeMs), bytes: size };
  } catch (failure) {
    const { code } = failure as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw failure;
  }
}
