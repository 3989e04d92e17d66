import { own, type HostState } from "@ostler/protocol";

/** Several instances of one process are processes of their own: `worker@1`, `worker@2` and so on. */

/** How many of a process there may be. */
export const maxInstances = 100;

/** The variable in which an instance finds its number. */
const numberVariable = "OSTLER_INSTANCE";

type Multiple = { instances?: number | undefined; env: Record<string, string> };

/** A process with its instances by name; by its own name one of which there is just one. */
export function instancesOf<T extends Multiple>(name: string, process: T): [string, T][] {
  const { instances, env } = process;
  if (instances === undefined) return [[name, process]];
  return Array.from({ length: instances }, (_, at) => {
    const number = String(at + 1);
    return [`${name}@${number}`, { ...process, env: { ...env, [numberVariable]: number } }];
  });
}

type Scalable = { processes?: Record<string, { instances?: number | undefined }> | undefined };

/** The services with as many instances as somebody has scaled them to; the configuration wins when it has changed since. */
export function scaled<S extends Scalable>(services: Readonly<Record<string, S>>, state: HostState): Record<string, S> {
  return Object.fromEntries(
    Object.entries(services).map(([name, service]) => {
      const { scale = {} } = own(state.services, name) ?? {};
      const processes = Object.entries(service.processes ?? {}).map(([process, its]) => {
        const wish = own(scale, process);
        const holds = wish !== undefined && wish.configured === its.instances;
        return [process, holds ? { ...its, instances: wish.instances } : its] as const;
      });
      return [name, service.processes ? { ...service, processes: Object.fromEntries(processes) } : service];
    }),
  );
}
