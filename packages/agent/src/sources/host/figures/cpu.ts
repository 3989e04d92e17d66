import { readFileSync } from "node:fs";
import type { Family } from "@ostler/protocol";
import { ticksPerSecond } from "../../../platform/proc.js";
import { counter, gauge, only } from "../family.js";

const modes = ["user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal"] as const;

/** CPU time of all processors together, and the share of it that was not idle since the look before. */
export function cpuFigures(path = "/proc/stat"): () => Family[] {
  let before: { idle: number; all: number } | undefined;
  return () => {
    const text = readFileSync(path, "utf8");
    const [, ...ticks] = (/^cpu .*$/m.exec(text)?.[0] ?? "").split(/\s+/).map(Number);
    const now = { idle: (ticks[3] ?? 0) + (ticks[4] ?? 0), all: ticks.slice(0, modes.length).reduce(sum, 0) };
    const spent = before && now.all > before.all ? now.all - before.all : undefined;
    const busy = before && spent !== undefined ? 1 - (now.idle - before.idle) / spent : undefined;
    before = now;
    return [
      counter(
        "cpu_seconds_total",
        "CPU time of all processors, by what it was spent on",
        modes.map((mode, at) => [{ mode }, seconds(ticks[at])]),
      ),
      gauge(
        "cpu_busy_ratio",
        "Share of the CPU time that was not idle since the measurement before",
        only(clamped(busy)),
      ),
      gauge("cpus", "Processors", only(text.match(/^cpu\d+ /gm)?.length)),
      counter("context_switches_total", "Context switches", only(field(text, "ctxt"))),
      counter("forks_total", "Processes that were begun", only(field(text, "processes"))),
      gauge("processes_running", "Processes that run or could", only(field(text, "procs_running"))),
      gauge("processes_blocked", "Processes that wait for a disk", only(field(text, "procs_blocked"))),
      gauge("boot_time_seconds", "When the host was booted, in seconds since 1970", only(field(text, "btime"))),
    ];
  };
}

function field(text: string, name: string): number | undefined {
  const found = new RegExp(`^${name} (\\d+)`, "m").exec(text)?.[1];
  return found === undefined ? undefined : Number(found);
}

function seconds(ticks: number | undefined): number | undefined {
  return ticks === undefined ? undefined : ticks / ticksPerSecond;
}

function sum(all: number, one: number): number {
  return all + one;
}

/** The kernel's idle time may step back a little. */
function clamped(ratio: number | undefined): number | undefined {
  return ratio === undefined ? undefined : Math.min(1, Math.max(0, ratio));
}
