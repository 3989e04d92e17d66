import type { Handler } from "../core/dispatcher.js";
import type { Reload } from "../sources/reload/reload.js";

export function reloadConfig(reload: Reload): Handler<"config.reload"> {
  return (_, { signal }) => reload.reload(signal);
}
