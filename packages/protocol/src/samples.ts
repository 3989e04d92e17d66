/**
 * Measurements on the bus that are neither numbered nor stored: they feed metrics and die.
 * What an operator must be able to look up later is an event instead.
 */
export type Sample =
  | { type: "process.measured"; service: string; process: string; usage: RunUsage }
  | { type: "check.probed"; service: string; check: string; ok: boolean; tookMs: number }
  | { type: "http.answered"; route: string; method: string; status: number; tookMs: number }
  | ({ type: "series.scraped"; service: string; source: string; at: number; tookMs: number } & Scraped)
  | { type: "series.forgotten"; service: string; source: string }
  | { type: "host.measured"; at: number; families: Family[]; failed: Record<string, string> }
  | ({ type: "logs.measured"; service: string; source: string } & LogFigures)
  | { type: "logs.forgotten"; service: string; source: string }
  | ({ type: "lines.forwarded"; service: string; source: string } & ForwardedLines)
  | { type: "output.freed"; service: string; process: string; stream: string; bytes: number }
  | { type: "journal.written"; events: number; bytes: number; tookMs: number };

/** What has come of a source of lines since it was last measured, by the names of its patterns. */
export type LogFigures = {
  lines: number;
  bytes: number;
  patterns: Readonly<Record<string, PatternFigures>>;
};
export type PatternFigures = {
  matches: number;
  /** Since the last match, or since there could have been one. */
  ageSeconds: number;
  /** Where it has a `rate`: how many lines matched in its window up to now, by what they are grouped by. */
  recent?: readonly { group: string; count: number }[];
};

/** Lines that a service wrote and that stand in the agent's log as well. */
export type ForwardedLines = { process?: string; stream?: string; file?: string; texts: readonly string[] };

/** What came of one look at a source of numbers; `at` is in milliseconds since 1970. */
export type Scraped =
  { outcome: "scraped"; families: Family[]; dropped: number } | { outcome: "unreachable"; reason: string };

/** The series of one metric, as Prometheus has them: `_bucket`, `_sum` and `_count` of a histogram are points of it. */
export type Family = { name: string; type: FamilyType; help: string; points: Point[] };
export type FamilyType = "counter" | "gauge" | "histogram" | "summary" | "untyped";
export type Labels = Readonly<Record<string, string>>;
export type Point = { name: string; labels: Labels; value: number };

/** What one run of a process uses: its first process and everything that came from it. What cannot be read is absent. */
export type RunUsage = {
  run: number;
  /** When it was measured. */
  at: string;
  startedAt: string;
  /** The first process comes first. */
  pids: number[];
  /** How many processes there are of each name, the first process not counted. */
  children: Record<string, number>;
  /** CPU time that it has used so far; it never falls within a run. */
  cpuSeconds: number;
  /** CPU time since the measurement before, in percent of one core; absent in the first measurement. */
  cpuPercent?: number;
  /** Sum of the resident memory; what its processes share counts in each. */
  residentBytes: number;
  openFiles?: number;
  threads: number;
};

/** The largest figures of a run so far. */
export type UsagePeaks = Pick<RunUsage, "run" | "cpuPercent" | "residentBytes" | "openFiles" | "threads">;
