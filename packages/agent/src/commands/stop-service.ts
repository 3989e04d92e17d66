import type { Handler } from "../core/dispatcher.js";
import type { Supervisor } from "../sources/supervisor/supervisor.js";

export function stopService(supervisor: Supervisor): Handler<"service.stop"> {
  return async ({ service, process }, { signal }) => {
    await supervisor.stop(service, process, signal);
    return {};
  };
}
