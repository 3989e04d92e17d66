import { createHash } from "node:crypto";
import type { Print } from "./place.js";

/** How much of the beginning of a file makes its fingerprint. */
export const headBytes = 1024;
/** How much is compared just before where reading goes on. */
export const beforeBytes = 64;

export const noPrint: Print = { bytes: 0, sha256: "" };

export function printOf(bytes: Uint8Array): Print {
  if (bytes.length === 0) return noPrint;
  return { bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
}

/** `freed`: the bytes were given back to the file system, from the first one on, and read as zeros. */
export type Likeness = "same" | "freed" | "other";

/** Are these bytes, of which there may be too few, the ones a print was made of? */
export function compareToPrint(bytes: Uint8Array, print: Print): Likeness {
  if (bytes.length < print.bytes) return "other";
  if (printOf(bytes).sha256 === print.sha256) return "same";
  return bytes[0] === 0 ? "freed" : "other";
}

/** Are bytes that are known still there? Some at the beginning may have been freed. */
export function compareToKnown(bytes: Buffer, known: Buffer): Likeness {
  if (bytes.equals(known)) return "same";
  if (bytes.length < known.length || bytes[0] !== 0) return "other";
  const end = bytes.findIndex((byte) => byte !== 0);
  return end < 0 || bytes.subarray(end).equals(known.subarray(end)) ? "freed" : "other";
}
