import type { CommandName, ForeignEvent, HostEvent, HostState } from "@ostler/protocol";

/** A command that a policy wants to be run, and why. */
export type Decision = {
  policy: string;
  name: CommandName;
  args: { service: string; process?: string };
  reason: string;
};

/** A pure judgement of an event and the state after it. */
export type Policy = (event: HostEvent | ForeignEvent, state: HostState) => Decision | undefined;
