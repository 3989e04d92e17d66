import { isHostEvent, type ForeignEvent, type HostEvent } from "@ostler/protocol";
import type { Decision } from "./policy.js";

/** What a line shows is acted upon, where its pattern wants that. A match that is only counted does nothing. */
export function actOnPattern(event: HostEvent | ForeignEvent): Decision[] {
  if (!isHostEvent(event) || event.type !== "pattern.matched") return [];
  const { service, process, pattern, line, action } = event.data;
  if (action === undefined) return [];
  const act = { policy: "act-on-pattern", reason: `pattern ${pattern}: ${line}` };
  const { do: what, task = "" } = action;
  if (what === "task") return [{ ...act, name: "task.run", args: { service, task } }];
  return [{ ...act, name: `service.${what}`, args: { service, ...(process === undefined ? {} : { process }) } }];
}
