import type { EventData } from "./events/index.js";
import { own } from "./own.js";
import { withoutNulls } from "./patch.js";
import { maxCommandData, maxCommands, type CommandState, type HostState } from "./state.js";

/** What events change in the commands that the state remembers. */

/** Makes room by forgetting the oldest that has finished; one that runs is forgotten only when all do. */
export function acceptCommand(
  state: HostState,
  { id, name, actor }: EventData<"command.accepted">,
  time: string,
): HostState {
  const known = Object.entries(state.commands);
  const kept =
    known.length < maxCommands
      ? known
      : known.sort(([, a], [, b]) => Number(!a.outcome) - Number(!b.outcome) || (a.at < b.at ? -1 : 1)).slice(1);
  return { ...state, commands: { ...Object.fromEntries(kept), [id]: { name, actor, at: time } } };
}

export function finishCommand(
  state: HostState,
  { id, outcome, code, message, data }: EventData<"command.finished">,
): HostState {
  const command = own(state.commands, id);
  if (!command) return state;
  const finished: CommandState = {
    ...command,
    outcome,
    lastSeq: state.seq,
    ...(code === undefined ? {} : { code }),
    ...(message === undefined ? {} : { message }),
    ...(isRemembered(data) ? { data: withoutNulls(data) } : {}),
  };
  return { ...state, commands: { ...state.commands, [id]: finished } };
}

function isRemembered(data: unknown): boolean {
  return data !== undefined && data !== null && JSON.stringify(data).length <= maxCommandData;
}
