import type { Handler } from "../core/dispatcher.js";
import type { Supervisor } from "../sources/supervisor/supervisor.js";

export function startService(supervisor: Supervisor): Handler<"service.start"> {
  return async ({ service, process }, { signal }) => {
    await supervisor.start(service, process, signal);
    return {};
  };
}
