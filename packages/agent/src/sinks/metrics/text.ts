import type { Family, Labels, Point } from "@ostler/protocol";

/** The two formats differ only in their headers, and in the end of OpenMetrics. */
export type Format = "prometheus" | "openMetrics";

export const contentTypes: Record<Format, string> = {
  prometheus: "text/plain; version=0.0.4; charset=utf-8",
  openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

export function formatFor(accept: string): Format {
  return accept.includes("application/openmetrics-text") ? "openMetrics" : "prometheus";
}

/**
 * HELP and TYPE of a family. In OpenMetrics a counter is called without `_total`; one whose series lack it is of unknown type
 * there, so that its series have the same name in both.
 */
export function headerOf({ name, type, help }: Pick<Family, "name" | "type" | "help">, format: Format): string {
  const isOpen = format === "openMetrics";
  const isCounter = type === "counter" && name.endsWith("_total");
  const shown = isOpen && isCounter ? name.slice(0, -"_total".length) : name;
  const isUnknown = type === "untyped" || (type === "counter" && !isCounter);
  const text = help === "" ? "" : `# HELP ${shown} ${isOpen ? escapedValue(help) : escapedHelp(help)}\n`;
  return `${text}# TYPE ${shown} ${isOpen && isUnknown ? "unknown" : type}\n`;
}

/** The lines of series. */
export function linesOf(points: readonly Point[]): string {
  let lines = "";
  for (const { name, labels, value } of points) lines += `${seriesOf(name, labels)} ${valueInWords(value)}\n`;
  return lines;
}

/** A series as it is written, without its value; `first` are labels that are written already and come before its own. */
export function seriesOf(name: string, labels: Labels, first = ""): string {
  let text = first;
  for (const label in labels) text += `${text === "" ? "" : ","}${label}="${escapedValue(labels[label] ?? "")}"`;
  return text === "" ? name : `${name}{${text}}`;
}

export function valueInWords(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
}

const special = /["\\\n]/;

export function escapedValue(text: string): string {
  return special.test(text) ? escapedHelp(text).replaceAll('"', '\\"') : text;
}

function escapedHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}
