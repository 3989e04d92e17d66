import { own, type HostState } from "@ostler/protocol";
import * as z from "zod";
import { setting } from "./setting.js";
import { environment, span } from "./values.js";

export const debugConfig = z.strictObject({
  env: setting(
    environment.refine((env) => Object.keys(env).length > 0, "must set at least one variable"),
    "Added to the environment of each process while `ostler debug on` holds, like `RUST_LOG: debug`",
    { secret: "by-name" },
  ),
  for: setting(span.prefault("15m"), "How long it holds when whoever begins it does not say"),
});
export type DebugConfig = z.output<typeof debugConfig>;

type Environment = { env: Record<string, string> };
type Debuggable = Environment & {
  processes?: Record<string, Environment> | undefined;
  debug?: DebugConfig | undefined;
};

/** The services with the environment of their `debug`, where that holds now. */
export function debugged<S extends Debuggable>(
  services: Readonly<Record<string, S>>,
  state: HostState,
): Record<string, S> {
  return Object.fromEntries(
    Object.entries(services).map(([name, service]) => {
      const { debug, processes } = service;
      if (!debug || !own(state.services, name)?.debug) return [name, service];
      const withDebug = <T extends Environment>(its: T): T => ({ ...its, env: { ...its.env, ...debug.env } });
      if (!processes) return [name, withDebug(service)];
      const all = Object.entries(processes).map(([process, its]) => [process, withDebug(its)]);
      return [name, { ...service, processes: Object.fromEntries(all) as typeof processes }];
    }),
  );
}
