import type { HostState } from "@ostler/protocol";
import { debugged } from "./debug.js";
import { scaled } from "./instances.js";
import type { ServiceConfig } from "./services.js";

/** The services as they are to run now: as they are configured, with what commands have changed since for a time. */
export function effective(
  services: Readonly<Record<string, ServiceConfig>>,
  state: HostState,
): Record<string, ServiceConfig> {
  return debugged(scaled(services, state), state);
}
