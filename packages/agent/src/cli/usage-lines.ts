import { bytesInWords, type RunUsage, type UsagePeaks, durationInWords } from "@ostler/protocol";
import { paint, table } from "./output.js";

/** What the processes of a service use, as the agent serves it: by name, without those that do not run. */
export type Figures = Record<string, RunUsage & { peaks: UsagePeaks }>;

/** Pids that are shown; of a larger tree the number tells more. */
const shownPids = 20;

/** What each process uses, and the most it has used, a paragraph each. */
export function usageLines(service: string, figures: Figures): string {
  return Object.entries(figures)
    .map(([process, its]) => `${paint("bold", `${service}/${process}`)}\n${table(rowsOf(its))}`)
    .join("\n\n");
}

function rowsOf({ peaks, ...usage }: Figures[string]): string[][] {
  const { at, startedAt, pids, children, cpuSeconds, cpuPercent, residentBytes, openFiles, threads } = usage;
  const more = pids.length > shownPids ? ` and ${pids.length - shownPids} more` : "";
  const rows: [string, string][] = [
    ["uptime", durationInWords(Date.now() - Date.parse(startedAt))],
    ["pids", `${pids.slice(0, shownPids).join(" ")}${more}`],
    ["children", childrenInWords(children)],
    ["CPU", `${atMost(percent(cpuPercent), percent(peaks.cpuPercent))}; ${seconds(cpuSeconds)} in all`],
    ["memory", atMost(bytesInWords(residentBytes), bytesInWords(peaks.residentBytes))],
    ["open files", atMost(count(openFiles), count(peaks.openFiles))],
    ["threads", atMost(count(threads), count(peaks.threads))],
    ["measured", `${durationInWords(Date.now() - Date.parse(at))} ago`],
  ];
  return rows.map(([name, value]) => [`  ${name}`, value]);
}

function childrenInWords(children: Record<string, number>): string {
  const counted = Object.entries(children).sort(([a, many], [b, more]) => more - many || (a < b ? -1 : 1));
  return counted.map(([name, count]) => `${count} ${name}`).join(", ") || "none";
}

function atMost(now: string, peak: string): string {
  return now === peak ? now : `${now}, at most ${peak}`;
}

function percent(value: number | undefined): string {
  return value === undefined ? "unknown" : `${value.toFixed(1)} %`;
}

function count(value: number | undefined): string {
  return value === undefined ? "unknown" : String(value);
}

function seconds(value: number): string {
  return `${value.toFixed(value < 10 ? 2 : 0)} s`;
}
