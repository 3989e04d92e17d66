import { readdirSync } from "node:fs";
import { join } from "node:path";
import { makeGroup, removeGroup, type GroupValues } from "../../platform/control-group.js";
import type { Slot } from "./records.js";

/** A control group with these values, somewhere below the root of the hierarchy. */
export type WantedGroup = { root: string; values: GroupValues };

/**
 * Makes the control group of one run: `ostler/<agent>/<service>.<process>.<run>`. It is not below the group of the agent,
 * which then could not be started in there again (decision 0010). The keeper removes it; what is left of an earlier run,
 * because somebody was still in it then, goes now. Throws what the kernel says against it.
 */
export function openRunGroup({ root, values }: WantedGroup, agentId: string, slot: Slot, run: number): string {
  const above = ["ostler", agentId];
  const group = makeGroup(root, [...above, `${slot.service}.${slot.process}.${run}`], values);
  for (const name of readdirSync(join(root, ...above))) {
    const [service, process, number] = name.split(".");
    if (service === slot.service && process === slot.process && Number(number) < run)
      removeGroup(join(root, ...above, name));
  }
  return group;
}
