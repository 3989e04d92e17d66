import type { Family, Labels, Point } from "@ostler/protocol";
import { exported } from "../../core/labels.js";

/** Asks a source once. Rejects with what kept it from an answer; must end soon after the signal aborts. */
export type Ask = (signal: AbortSignal) => Promise<Family[]>;

/** How a number that was picked out of an answer is shown. */
export type Picked = { type: "gauge" | "counter"; help: string; labels: Labels };

/** A metric of one series. */
export function familyOf(name: string, { type, help, labels }: Picked, value: number): Family {
  return { name, type, help, points: [{ name, labels, value }] };
}

/** A number in an answer, also as text, and true or false as 1 or 0; nothing for null. @throws Error for anything else */
export function numberIn(value: unknown, what: string): number | undefined {
  if (value === null || value === undefined) return undefined;
  if (typeof value === "boolean") return Number(value);
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  if (typeof number === "number" && !Number.isNaN(number)) return number;
  throw new Error(`${what} is no number: ${(JSON.stringify(value) ?? "").slice(0, 80)}`);
}

/** The families with these labels at each series; a label of the same name that is there already is kept as `exported_NAME`. */
export function withLabels(families: readonly Family[], labels: Labels): readonly Family[] {
  const names = Object.keys(labels);
  if (names.length === 0) return families;
  const labelled = (point: Point): Point => ({ ...point, labels: { ...exported(point.labels, names), ...labels } });
  return families.map((family) => ({ ...family, points: family.points.map(labelled) }));
}
