import type { HostEvent } from "@ostler/protocol";
import type { Context, Effect, State } from "./states.js";

/** A process that does not end when it is asked to is asked in other ways, before it is killed at the timeout. */

export function escalate(state: State, context: Context): [State, Effect[]] {
  const { escalated = 0 } = state.name === "stopping" ? state : {};
  const due = context.stop.escalation[escalated];
  if (state.name !== "stopping" || !due) return [state, []];
  const { service, process, stop } = context;
  const { run, pid } = state;
  const data = { service, process, run, pid, signal: due.signal, timeoutMs: Math.max(0, stop.timeout - due.after) };
  const event: HostEvent = { type: "service.signalled", data };
  const next = escalated + 1;
  return [
    { ...state, escalated: next },
    [{ effect: "publish", event }, { effect: "escalate", signal: due.signal }, ...escalateLater(next, context)],
  ];
}

/** The wait for the signal at this place of the escalation; nothing when there is none. */
export function escalateLater(at: number, { stop: { escalation } }: Context): Effect[] {
  const due = escalation[at];
  if (!due) return [];
  return [{ effect: "timer", input: "escalate", afterMs: Math.max(0, due.after - (escalation[at - 1]?.after ?? 0)) }];
}
