import type { Handler } from "../core/dispatcher.js";
import type { Reload } from "../sources/reload/reload.js";

export function planConfig(reload: Reload): Handler<"config.plan"> {
  return async ({ file }) => reload.plan(file);
}
