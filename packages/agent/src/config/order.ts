import type { Awaited } from "@ostler/protocol";
import * as z from "zod";

/** What a process comes after. */
export const after = z.union(
  [
    z.string().transform((process) => ({ process, until: "started" as const })),
    z
      .record(z.string(), z.enum(["started", "ready", "completed"]))
      .refine((one) => Object.keys(one).length === 1)
      .transform((one): Awaited => {
        const [[process, until] = ["", "started" as const]] = Object.entries(one);
        return { process, until };
      }),
  ],
  "must be a process of the service, or `PROCESS: started`, `PROCESS: ready` or `PROCESS: completed`",
);

type Ordered = { after: readonly Awaited[] };

/** Processes each of which comes after the next, and the last after the first; nothing when there is no such circle. */
export function circle(processes: Readonly<Record<string, Ordered>>): string[] | undefined {
  const done = new Set<string>();
  const walk = (name: string, path: readonly string[]): string[] | undefined => {
    const at = path.indexOf(name);
    if (at >= 0) return path.slice(at);
    if (done.has(name) || !Object.hasOwn(processes, name)) return undefined;
    for (const { process } of processes[name]?.after ?? []) {
      const found = walk(process, [...path, name]);
      if (found) return found;
    }
    done.add(name);
    return undefined;
  };
  for (const name of Object.keys(processes)) {
    const found = walk(name, []);
    if (found) return found;
  }
  return undefined;
}

/** The names in the order of their start: each after all that it comes after. There must be no circle. */
export function startOrder(processes: Readonly<Record<string, Ordered>>): string[] {
  const order = new Set<string>();
  const add = (name: string): void => {
    for (const { process } of processes[name]?.after ?? []) add(process);
    if (Object.hasOwn(processes, name)) order.add(name);
  };
  for (const name of Object.keys(processes)) add(name);
  return [...order];
}
