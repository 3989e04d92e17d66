import type * as z from "zod";
import { keysOf, schemasTo, type Key } from "./schema-walk.js";

/** One thing that is wrong with a configuration file, and where. Lines and columns count from 1. */
export type Problem = { file: string; line: number; column: number; path: string; message: string };

export function formatProblem({ file, line, column, path, message }: Problem): string {
  return `${file}:${line}:${column}: ${path === "" ? "" : `${path}: `}${message}`;
}

/** A schema's complaint with its place in the file's tree. `atKey` points at the key itself, not at its value. */
export type Complaint = { path: Key[]; atKey: boolean; message: string };

/** Every complaint of a failed parse, one by one and with a suggestion for what was misspelt. */
export function complaintsOf(issues: readonly z.core.$ZodIssue[], schema: z.ZodType): Complaint[] {
  return issues.flatMap((issue) => complaintOf(issue, schema));
}

function complaintOf(issue: z.core.$ZodIssue, schema: z.ZodType): Complaint[] {
  const path = issue.path as Key[];
  if (issue.code === "unrecognized_keys") {
    const known = keysOf(schemasTo(schema, path).at(-1) ?? schema);
    return issue.keys.map((key) => ({
      path: [...path, key],
      atKey: true,
      message: `is not a setting${suggestion(key, known)}`,
    }));
  }
  if (issue.code === "invalid_union" && issue.errors.length > 0) {
    const deepest = issue.errors.findLast((inner) => !isOtherShape(inner)) ?? issue.errors.at(-1) ?? [];
    return deepest.flatMap((inner) => complaintOf({ ...inner, path: [...path, ...inner.path] }, schema));
  }
  if (issue.code === "invalid_union")
    return [{ path, atKey: false, message: `must be one of ${kindsAt(schema, path).join(", ")}` }];
  if (issue.code === "invalid_key" || issue.code === "invalid_element") {
    const message = issue.issues.map((inner) => inner.message).join("; ");
    return [{ path, atKey: true, message }];
  }
  if (issue.code === "invalid_type" && issue.input === undefined && issue.message.includes("undefined"))
    return [{ path: path.slice(0, -1), atKey: false, message: `needs ${String(path.at(-1))}` }];
  return [{ path, atKey: false, message: lowerFirst(issue.message) }];
}

/** Nothing of this member of a union was meant: what was written has another shape as a whole. */
function isOtherShape(inner: readonly z.core.$ZodIssue[]): boolean {
  return inner.some(({ code, path }) => code === "invalid_type" && path.length === 0);
}

/** The values that a union tells its members apart by. */
function kindsAt(schema: z.ZodType, path: readonly Key[]): string[] {
  const union = schemasTo(schema, path.slice(0, -1)).at(-1);
  const options =
    (union as { options?: readonly { shape?: Record<string, { value?: unknown }> }[] } | undefined)?.options ?? [];
  return options.map((option) => String(option.shape?.[String(path.at(-1))]?.value));
}

export function suggestion(written: string, known: readonly string[]): string {
  const ranked = known
    .map((word) => ({ word, far: distance(written.toLowerCase(), word) }))
    .sort((a, b) => a.far - b.far);
  const best = ranked[0];
  if (best && best.far <= Math.max(1, Math.floor(best.word.length / 3))) return `; did you mean ${best.word}?`;
  return known.length > 0 ? `; known here: ${known.join(", ")}` : "";
}

/** Levenshtein's distance; a swap of neighbours counts as one (optimal string alignment). */
function distance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  const at = (i: number, j: number): number => rows[i]?.[j] ?? Infinity;
  for (let i = 1; i <= a.length; i++) {
    rows.push([i]);
    for (let j = 1; j <= b.length; j++) {
      const swap = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? at(i - 2, j - 2) + 1 : Infinity;
      const change = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      rows[i]?.push(Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, change, swap));
    }
  }
  return at(a.length, b.length);
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
