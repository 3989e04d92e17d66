import { bytesInWords, own, type RunUsage } from "@ostler/protocol";
import type { ProcessCheck, ProcessLimits } from "../../../config/checks/process.js";
import { failed, passed, warned, worst, type Probe, type Verdict } from "../verdict.js";

/** A process that the check is about: what it uses is absent until it has been measured. */
export type Looked = { process: string; isRunning: boolean; usage: RunUsage | undefined };

/** Passes while every process that it is about runs, with its children, within its limits as they were measured last. */
export function processProbe(check: ProcessCheck, lookedAt: () => Looked[]): Probe {
  return async () => worst(lookedAt().map((looked) => judge(looked, check)));
}

function judge({ process, isRunning, usage }: Looked, check: ProcessCheck): Verdict {
  if (!isRunning) return failed(`${process} does not run`);
  const { children, warn } = check;
  const asksMore = [...Object.keys(children), check.memory_at_most, check.cpu_at_most, ...Object.values(warn)];
  if (asksMore.every((wish) => wish === undefined)) return passed;
  if (!usage) return failed(`${process} has not been measured yet`);
  const missing = Object.entries(children).find(([name, least]) => (own(usage.children, name) ?? 0) < least);
  if (missing) {
    const [name, least] = missing;
    return failed(`${process} has ${own(usage.children, name) ?? 0} processes ${name}, fewer than ${least}`);
  }
  const wrong = beyond(usage, check);
  if (wrong !== undefined) return failed(`${process} uses ${wrong}`);
  const nearly = beyond(usage, warn);
  return nearly === undefined ? passed : warned(`${process} uses ${nearly}`);
}

function beyond({ residentBytes, cpuPercent = 0 }: RunUsage, limits: ProcessLimits): string | undefined {
  const { memory_at_most = Infinity, cpu_at_most = Infinity } = limits;
  if (residentBytes > memory_at_most)
    return `${bytesInWords(residentBytes)} of memory, more than ${bytesInWords(memory_at_most)}`;
  if (cpuPercent > cpu_at_most) return `${Math.round(cpuPercent)} % of a core, more than ${cpu_at_most} %`;
  return undefined;
}
