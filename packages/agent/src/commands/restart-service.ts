import type { HostState } from "@ostler/protocol";
import type { Handler } from "../core/dispatcher.js";
import type { Supervisor } from "../sources/supervisor/supervisor.js";
import { refuseIsolated } from "./refuse-isolated.js";

/** A policy's restart is the cure of a failure, and backs off like one after a crash; a person's happens at once. */
export function restartService(supervisor: Supervisor, state: () => HostState): Handler<"service.restart"> {
  return async ({ service, process }, { signal, actor, reason }) => {
    refuseIsolated(service, state());
    const because = reason ?? `${actor.kind} ${actor.name} restarted it`;
    await supervisor.restart(service, process, { because, backOff: actor.kind === "policy" }, signal);
    return {};
  };
}
