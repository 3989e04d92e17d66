import { own, type Labels } from "@ostler/protocol";
import { Pattern } from "../../../core/pattern/pattern.js";
import { countsLines, type LogValue } from "../../../config/numbers/log.js";

/** Some lines that were read at once. */
export type Lines = {
  texts: readonly string[];
  /** What the lines that are objects of JSON say. */
  documents: () => readonly Readonly<Record<string, unknown>>[];
};

/** A number that a line says, with the labels that vary. */
export type LineValue = { value: number; labels: Labels };

/** Finds the numbers of one metric in lines. A line without one, or with something else in its place, says nothing. */
export type FindValues = (lines: Lines) => LineValue[];

export function linesOf(texts: readonly string[]): Lines {
  let documents: Record<string, unknown>[] | undefined;
  return { texts, documents: () => (documents ??= texts.flatMap(objectIn)) };
}

/** The labels of a metric whose values come from each line, with what they come from. */
export function varyingLabels(labels: Labels): [label: string, from: string][] {
  return Object.entries(labels).flatMap(([label, text]) => (text.startsWith("$") ? [[label, text.slice(1)]] : []));
}

export function finderOf(config: LogValue): FindValues {
  const { match, json, scale } = config;
  const varying = varyingLabels(config.labels);
  const said = (number: unknown, get: (from: string) => unknown): LineValue[] => {
    const value = numberOf(number);
    if (value === undefined) return [];
    return [
      { value: value * scale, labels: Object.fromEntries(varying.map(([label, from]) => [label, wordOf(get(from))])) },
    ];
  };
  if (json !== undefined)
    return (lines) => lines.documents().flatMap((document) => said(at(document, json), (path) => at(document, path)));
  const pattern = Pattern.parse(match ?? "", { caseSensitive: true });
  const isCount = countsLines(config);
  return ({ texts }) =>
    texts.flatMap((text) => {
      const groups = pattern.exec(text)?.groups;
      return groups ? said(isCount ? 1 : groups.value, (group) => groups[group]) : [];
    });
}

/** A number, also as text. */
function numberOf(value: unknown): number | undefined {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : undefined;
}

function wordOf(value: unknown): string {
  if (typeof value === "string") return value;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : "";
}

/** What is at `a.b`; nothing when it is not there. */
function at(document: Readonly<Record<string, unknown>>, path: string): unknown {
  let here: unknown = document;
  for (const name of path.split(".")) {
    if (typeof here !== "object" || here === null) return undefined;
    here = own(here as Record<string, unknown>, name);
  }
  return here;
}

function objectIn(text: string): Record<string, unknown>[] {
  if (!text.startsWith("{")) return [];
  try {
    return [JSON.parse(text) as Record<string, unknown>];
  } catch {
    return []; // Lines of other kinds stand between those of JSON.
  }
}
