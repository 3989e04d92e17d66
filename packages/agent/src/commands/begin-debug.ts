import { notFound, OstlerError, own, parseDuration } from "@ostler/protocol";
import type { ServiceConfig } from "../config/services.js";
import type { Handler } from "../core/dispatcher.js";
import type { DebugWatch } from "../sources/debug/debug.js";

export type DebugHands = {
  watch: DebugWatch;
  services: () => Readonly<Record<string, ServiceConfig>>;
  /** Restarts the processes of a service whose environment is another one now. */
  apply: (service: string, signal: AbortSignal) => Promise<void>;
};

/** That it is so is told first, so that it holds, and ends, with whatever agent comes next. */
export function beginDebug({ watch, services, apply }: DebugHands): Handler<"debug.on"> {
  return async ({ service, for: span }, { actor, signal, reason = "" }) => {
    const config = own(services(), service);
    if (!config) throw notFound("service", service, Object.keys(services()));
    if (!config.debug)
      throw new OstlerError(
        "wrong-state",
        `${service} has no \`debug\`. Say in the configuration what it needs, like \`debug: {env: {LOG_LEVEL: debug}}\`, and reload.`,
      );
    watch.begin(service, { forMs: parseDuration(span ?? "") ?? config.debug.for, actor, reason });
    await apply(service, signal);
    return {};
  };
}
