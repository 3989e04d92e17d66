// What the kernel says of a process.
import { readdirSync, readFileSync } from "node:fs";

/** CPU of all threads that live, from the scheduler's own count in nanoseconds. */
export function cpuMs(of = 0): number {
  const threads = readdirSync(`/proc/${of}/task`);
  const ns = threads.map((thread) =>
    Number(readFileSync(`/proc/${of}/task/${thread}/schedstat`, "utf8").split(" ")[0]),
  );
  return ns.reduce((sum, one) => sum + one, 0) / 1e6;
}

export function memoryMib(of = 0): { rss: number; pss: number; anonymous: number } {
  const rollup = readFileSync(`/proc/${of}/smaps_rollup`, "utf8");
  const mib = (key: string): number => Number(new RegExp(`^${key}:\\s+(\\d+) kB`, "m").exec(rollup)?.[1] ?? 0) / 1024;
  return { rss: mib("Rss"), pss: mib("Pss"), anonymous: mib("Anonymous") };
}

export function parentOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
}

/** Pids of all processes whose command line contains a text. */
export function pidsRunning(text: string): number[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.map(Number).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "latin1").includes(text);
    } catch {
      return false; // Gone already.
    }
  });
}
