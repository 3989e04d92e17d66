import type { EventData, HostState, ProcessType } from "@ostler/protocol";
import { attachedTo, ownerOf } from "../../config/attach.js";
import { typeOf } from "../../config/processes.js";
import { checksOf, processesOf, type ServiceConfig } from "../../config/services.js";

/** What is told of a service. */
export type Shape = Omit<EventData<"service.configured">, "service">;

export function shapeOf(config: ServiceConfig): Shape {
  const processes = Object.entries(processesOf(config));
  return {
    processes: processes.map(([name]) => name),
    ...typesOf(processes.map(([name, its]) => [name, typeOf(its)])),
    checks: checksOf(config),
    ...(config.attach ? { attached: attachedTo(ownerOf(config.attach)) } : {}),
  };
}

/** A service of the state in the form in which it is told. */
export function shapeIn({ processes, checks, attached }: HostState["services"][string]): Shape {
  return {
    processes: Object.keys(processes),
    ...typesOf(Object.entries(processes).map(([name, { type = "daemon" }]) => [name, type])),
    checks: Object.entries(checks).map(([name, { role, process }]) => ({
      name,
      role,
      ...(process === undefined ? {} : { process }),
    })),
    ...(attached ? { attached } : {}),
  };
}

/** That a process is a daemon goes without saying. */
function typesOf(types: [string, ProcessType][]): Pick<Shape, "types"> {
  const special = types.filter(([, type]) => type !== "daemon");
  return special.length > 0 ? { types: Object.fromEntries(special) } : {};
}
