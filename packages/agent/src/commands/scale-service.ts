import { notFound, OstlerError, own, type HostState } from "@ostler/protocol";
import type { ServiceConfig } from "../config/services.js";
import type { Publish } from "../core/bus.js";
import type { Handler } from "../core/dispatcher.js";

export type ScaleDeps = {
  publish: Publish;
  state: () => HostState;
  services: () => Readonly<Record<string, ServiceConfig>>;
  /** Goes over to the numbers that the state now has; done when the instances run that are to run. */
  apply: (service: string, process: string, signal: AbortSignal) => Promise<void>;
};

/** The wish is told first, so that it holds for whatever agent comes next. */
export function scaleService({ publish, state, services, apply }: ScaleDeps): Handler<"service.scale"> {
  return async ({ service, process, instances }, { signal, actor }) => {
    const config = own(services(), service);
    if (!config) throw notFound("service", service, Object.keys(services()));
    const its = own(config.processes ?? {}, process);
    if (!its) throw notFound(`process of ${service}`, process, Object.keys(config.processes ?? { main: 0 }));
    const { instances: configured } = its;
    if (configured === undefined)
      throw new OstlerError(
        "wrong-state",
        `${service}/${process} is a single process. Give it \`instances\` in the configuration, and reload.`,
      );
    const before = own(own(state().services, service)?.scale ?? {}, process);
    if (before?.instances !== instances || before.configured !== configured)
      publish({ type: "service.scaled", data: { service, process, actor, instances, configured } });
    await apply(service, process, signal);
    return {};
  };
}
