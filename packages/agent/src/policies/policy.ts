import type { CommandName, ForeignEvent, HostEvent, HostState, ServiceState } from "@ostler/protocol";
import { isHostEvent } from "@ostler/protocol";

/** A command that a policy wants to be run, and why. */
export type Decision = {
  policy: string;
  name: CommandName;
  args: { service: string; process?: string; task?: string; backup?: string };
  reason: string;
};

/** A pure judgement of an event and the state after it. */
export type Policy = (event: HostEvent | ForeignEvent, state: HostState) => Decision[];

/** The services whose maintenance ends with an event: what was let be meanwhile is judged then. */
export function backFromMaintenance(
  event: HostEvent | ForeignEvent,
  { services }: HostState,
): [string, ServiceState][] {
  if (!isHostEvent(event) || event.type !== "maintenance.ended") return [];
  const { service: only } = event.data;
  return Object.entries(services).filter(([service]) => only === undefined || only === service);
}
