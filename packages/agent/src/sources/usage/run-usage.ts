import type { RunUsage, UsagePeaks } from "@ostler/protocol";
import type { Member } from "../../platform/usage-trees.js";
import { spend, unspent, type CpuAccount } from "./cpu-account.js";

/** What is known of the use of one run, and what the next measurement goes on from. */
export type RunRecord = { usage: RunUsage; peaks: UsagePeaks; account: CpuAccount; atMs: number };

export type Moment = {
  /** Monotonic. */
  atMs: number;
  /** As people say it. */
  at: string;
};

/** The record after another look at a run's tree, its first process first. */
export function record(
  members: readonly Member[],
  { run, startedAt }: Pick<RunUsage, "run" | "startedAt">,
  { atMs, at }: Moment,
  before: RunRecord | undefined,
): RunRecord {
  const account = spend(before?.account ?? unspent, members);
  const living = members.filter(({ ended }) => !ended);
  const openFiles = living.reduce<number | undefined>(
    (sum, one) => (sum === undefined || one.openFiles === undefined ? undefined : sum + one.openFiles),
    0,
  );
  const usage: RunUsage = {
    run,
    at,
    startedAt,
    pids: living.map(({ pid }) => pid),
    children: countedByName(living.slice(1)),
    cpuSeconds: rounded(account.seconds, 100),
    ...(before && atMs > before.atMs
      ? { cpuPercent: rounded((100_000 * (account.seconds - before.account.seconds)) / (atMs - before.atMs), 10) }
      : {}),
    residentBytes: sum(living.map(({ residentBytes }) => residentBytes)),
    ...(openFiles === undefined ? {} : { openFiles }),
    threads: sum(living.map(({ threads }) => threads)),
  };
  return { usage, peaks: raised(before?.peaks, usage), account, atMs };
}

/** The largest figures, with those of another measurement. */
function raised(peaks: UsagePeaks | undefined, usage: RunUsage): UsagePeaks {
  const { run, cpuPercent = peaks?.cpuPercent, residentBytes, openFiles = peaks?.openFiles, threads } = usage;
  return {
    run,
    ...(cpuPercent === undefined ? {} : { cpuPercent: Math.max(cpuPercent, peaks?.cpuPercent ?? 0) }),
    residentBytes: Math.max(residentBytes, peaks?.residentBytes ?? 0),
    ...(openFiles === undefined ? {} : { openFiles: Math.max(openFiles, peaks?.openFiles ?? 0) }),
    threads: Math.max(threads, peaks?.threads ?? 0),
  };
}

function countedByName(members: readonly Member[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const { name } of members) counts.set(name, (counts.get(name) ?? 0) + 1);
  return Object.fromEntries(counts);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, one) => total + one, 0);
}

function rounded(value: number, parts: number): number {
  return Math.round(value * parts) / parts;
}
