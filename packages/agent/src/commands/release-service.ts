import { notFound, own } from "@ostler/protocol";
import type { Handler } from "../core/dispatcher.js";
import type { Supervisor } from "../sources/supervisor/supervisor.js";
import type { IsolationDeps } from "./isolate-service.js";

/** Everything is again as it was before: what ran is started, what had been stopped stays so. */
export function releaseService(supervisor: Supervisor, { publish, state }: IsolationDeps): Handler<"service.release"> {
  return async ({ service }, { signal, actor, reason }) => {
    const { services } = state();
    const its = own(services, service);
    if (!its) throw notFound("service", service, Object.keys(services));
    if (!its.isolation) return {};
    const before = its.isolation.processes;
    const names = Object.keys(its.processes);
    const processes = names.filter((name) => before.includes(name));
    const why = reason === undefined ? {} : { reason };
    publish({ type: "service.released", data: { service, actor, ...why, processes } });
    await Promise.all(
      names.map((name) =>
        before.includes(name)
          ? supervisor.start(service, name, signal)
          : its.attached // Its owner may have started it since, and that is not ours to judge.
            ? Promise.resolve()
            : supervisor.stop(service, name, signal),
      ),
    );
    return {};
  };
}
