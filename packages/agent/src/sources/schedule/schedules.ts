import { own, type HostState } from "@ostler/protocol";
import type { CronConfig } from "../../config/cron.js";
import { processesOf, type ServiceConfig } from "../../config/services.js";
import type { Prepared } from "../../core/assembly.js";
import type { Publish } from "../../core/bus.js";
import { Timetable, type Known, type TimetableDeps } from "./timetable.js";

export type SchedulesDeps = TimetableDeps & { publish: Publish };

type Services = Readonly<Record<string, ServiceConfig>>;
type Slot = { service: string; process: string };

/** Tells when scheduled processes are due. Whether they run then is for others. */
export class Schedules implements Disposable {
  readonly #timetable: Timetable<Slot>;

  constructor(services: Services, { publish, ...deps }: SchedulesDeps) {
    this.#timetable = new Timetable(slotsIn(services), deps, {
      known: (slot) => knownOf(deps.state(), slot),
      due: (slot, told) => void publish({ type: "service.triggered", data: { ...slot, ...told } }),
      missed: (slot, told) => void publish({ type: "service.run-missed", data: { ...slot, ...told } }),
      next: (slot, next) => void publish({ type: "service.scheduled", data: { ...slot, next } }),
    });
  }

  /** When a process is to run next, in milliseconds since 1970; nothing when it has no schedule. */
  nextMs(slot: Slot): number | undefined {
    return this.#timetable.nextMs(slot);
  }

  /** Tells what was missed while no agent was there. To be called once, when whoever acts on it listens. */
  catchUp(): void {
    this.#timetable.catchUp();
  }

  prepare(services: Services): Prepared {
    return { commit: async () => this.#timetable.change(slotsIn(services)), discard: async () => {} };
  }

  [Symbol.dispose](): void {
    this.#timetable[Symbol.dispose]();
  }
}

function slotsIn(services: Services): Map<Slot, CronConfig> {
  return new Map(
    Object.entries(services).flatMap(([service, config]) =>
      Object.entries(processesOf(config)).flatMap(([process, { cron }]): [Slot, CronConfig][] =>
        cron ? [[{ service, process }, cron]] : [],
      ),
    ),
  );
}

/** Who stopped a process wants no run of it. */
function knownOf(state: HostState, { service, process }: Slot): Known | undefined {
  const its = own(own(state.services, service)?.processes ?? {}, process);
  return its && its.phase.name !== "stopped" ? (its.schedule ?? {}) : undefined;
}
