import { notFound, own, type HostState, type ServiceState } from "@ostler/protocol";
import type { Publish } from "../core/bus.js";
import type { Handler } from "../core/dispatcher.js";
import type { Supervisor } from "../sources/supervisor/supervisor.js";

export type IsolationDeps = { publish: Publish; state: () => HostState };

/** What was isolated first stays as it was told; who does it again makes sure that nothing of it runs. */
export function isolateService(supervisor: Supervisor, { publish, state }: IsolationDeps): Handler<"service.isolate"> {
  return async ({ service }, { signal, actor, reason = "" }) => {
    const { services } = state();
    const its = own(services, service);
    if (!its) throw notFound("service", service, Object.keys(services));
    supervisor.refuseUnstoppable(service);
    // Told first: whatever happens to the agent from here on, nobody starts the service again.
    if (!its.isolation) publish({ type: "service.isolated", data: { service, actor, reason, processes: wanted(its) } });
    await supervisor.stop(service, undefined, signal);
    return {};
  };
}

/** The processes that ran or were about to, and those that had to run before others could. */
function wanted({ processes }: ServiceState): string[] {
  const phases = ["running", "stopping", "exited", "waiting", "deferred", "scheduled"];
  return Object.entries(processes)
    .filter(([, { phase, type }]) => phases.includes(phase.name) || (type === "oneshot" && phase.name === "completed"))
    .map(([name]) => name);
}
