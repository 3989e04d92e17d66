import { own, type MeasuredLimit, type RunUsage } from "@ostler/protocol";
import type { WatchConfig } from "../../config/watch.js";

type Limit = Omit<MeasuredLimit, "value">;

/** What a watch found. Unknown is what could not be measured: it speaks neither for the limit nor against it. */
export type Finding = { is: "within" | "beyond"; measured: MeasuredLimit } | { is: "unknown" };

/** Compares a measurement with the limits of a watch; `hostBytes` asks for the memory of the host. */
export function compare(watch: WatchConfig, usage: RunUsage, hostBytes: () => number): Finding {
  const value = valueOf(watch, usage);
  if (value === undefined) return { is: "unknown" };
  const measured = limitsOf(watch, hostBytes).map((limit) => ({ ...limit, value }));
  const beyond = measured.find(isBeyond);
  if (beyond) return { is: "beyond", measured: beyond };
  const [first] = measured;
  return first ? { is: "within", measured: first } : { is: "unknown" };
}

function isBeyond({ bound, limit, value }: MeasuredLimit): boolean {
  return bound === "at-most" ? value > limit : value < limit;
}

function valueOf({ memory, cpu, children, open_files }: WatchConfig, usage: RunUsage): number | undefined {
  if (memory) return usage.residentBytes;
  if (cpu) return usage.cpuPercent;
  if (children) return own(usage.children, children.name) ?? 0;
  return open_files && usage.openFiles;
}

/** The limits of a watch: two at most, of which one holds. */
function limitsOf({ memory, cpu, children, open_files }: WatchConfig, hostBytes: () => number): Limit[] {
  const atMost = (what: Limit["what"], limit: number): Limit => ({ what, bound: "at-most", limit });
  if (memory) {
    const { above } = memory;
    return [atMost("memory", typeof above === "number" ? above : Math.round((hostBytes() * above.percent) / 100))];
  }
  if (cpu) return [atMost("cpu", cpu.above)];
  if (open_files) return [atMost("open_files", open_files.above)];
  const { name: child = "", at_least, at_most } = children ?? {};
  return [
    ...(at_least === undefined
      ? []
      : [{ what: "children" as const, child, bound: "at-least" as const, limit: at_least }]),
    ...(at_most === undefined ? [] : [{ what: "children" as const, child, bound: "at-most" as const, limit: at_most }]),
  ];
}
