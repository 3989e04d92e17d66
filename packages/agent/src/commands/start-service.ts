import type { HostState } from "@ostler/protocol";
import type { Handler } from "../core/dispatcher.js";
import type { Supervisor } from "../sources/supervisor/supervisor.js";
import { refuseIsolated } from "./refuse-isolated.js";

export function startService(supervisor: Supervisor, state: () => HostState): Handler<"service.start"> {
  return async ({ service, process }, { signal }) => {
    refuseIsolated(service, state());
    await supervisor.start(service, process, signal);
    return {};
  };
}
