import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Family } from "@ostler/protocol";
import { counter } from "../family.js";

const resources = ["cpu", "memory", "io"] as const;

/** Pressure stall information: for how long somebody, or everybody, had to wait for a resource. Absent where the kernel has none. */
export function pressureFigures(directory = "/proc/pressure"): () => Family[] {
  return () => {
    const texts = resources.map((resource) => ({ resource, text: textOf(join(directory, resource)) }));
    const of = (who: "some" | "full"): [{ resource: string }, number | undefined][] =>
      texts.map(({ resource, text }) => [{ resource }, secondsIn(text, who)]);
    return [
      counter(
        "pressure_waiting_seconds_total",
        "Time in which some processes had to wait for the resource",
        of("some"),
      ),
      counter("pressure_stalled_seconds_total", "Time in which all processes had to wait for it", of("full")),
    ];
  };
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (failure) {
    const { code } = failure as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "EOPNOTSUPP") return ""; // This kernel does not measure it.
    throw failure;
  }
}

function secondsIn(text: string, who: "some" | "full"): number | undefined {
  const micros = new RegExp(`^${who} .*total=(\\d+)`, "m").exec(text)?.[1];
  return micros === undefined ? undefined : Number(micros) / 1e6;
}
