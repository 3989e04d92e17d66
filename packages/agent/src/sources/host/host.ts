import { messageOf, type Family } from "@ostler/protocol";
import type { AgentConfig } from "../../config/agent.js";
import type { Prepared } from "../../core/assembly.js";
import type { TakeSample } from "../../core/bus.js";
import type { Clock } from "../../core/clock.js";
import { newStop } from "../../core/stop.js";
import { cpuFigures } from "./figures/cpu.js";
import { diskFigures } from "./figures/disks.js";
import { fileSystemFigures } from "./figures/filesystems.js";
import { kernelFigures } from "./figures/kernel.js";
import { loadFigures } from "./figures/load.js";
import { memoryFigures } from "./figures/memory.js";
import { networkFigures } from "./figures/network.js";
import { pressureFigures } from "./figures/pressure.js";
import { temperatureFigures } from "./figures/temperature.js";

export type HostConfig = Pick<AgentConfig["host"], "every">;

/** Reads figures of the host. What it throws is told, and keeps no other from being read. */
export type Figures = (signal: AbortSignal) => Family[] | Promise<Family[]>;

export type HostDeps = {
  sample: TakeSample;
  clock: Clock;
  degraded: (reason: string) => void;
  recovered: () => void;
};

/** All that is read of a host, from /proc and /sys: no child process, a millisecond in all. */
export function hostFigures(): Record<string, Figures> {
  return {
    cpu: cpuFigures(),
    memory: memoryFigures(),
    load: loadFigures(),
    disks: diskFigures(),
    filesystems: fileSystemFigures(),
    network: networkFigures(),
    temperature: temperatureFigures(),
    pressure: pressureFigures(),
    kernel: kernelFigures(),
  };
}

/** Measures the host again and again. It begins when everything that is waited for at a start is there. */
export class Host implements AsyncDisposable {
  readonly #figures: Readonly<Record<string, Figures>>;
  readonly #deps: HostDeps;
  readonly #end = newStop();
  readonly #done: Promise<void>;
  #everyMs: number;
  #wake = newStop();
  #failed = "";

  static start(config: HostConfig, deps: HostDeps, figures = hostFigures()): Host {
    return new Host(config, deps, figures);
  }

  private constructor({ every }: HostConfig, deps: HostDeps, figures: Readonly<Record<string, Figures>>) {
    this.#everyMs = every;
    this.#deps = deps;
    this.#figures = figures;
    this.#done = this.#run(this.#end.signal);
  }

  prepare({ every }: HostConfig): Prepared {
    return {
      commit: async () => {
        this.#everyMs = every;
        this.#wake.abort();
        this.#wake = newStop();
      },
      discard: async () => {},
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    await this.#done;
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#deps;
    await clock.sleep(0, signal);
    while (!signal.aborted) {
      await this.#measure(signal);
      await clock.sleep(this.#everyMs, AbortSignal.any([signal, this.#wake.signal]));
    }
  }

  async #measure(signal: AbortSignal): Promise<void> {
    const failed: Record<string, string> = {};
    const read = await Promise.all(
      Object.entries(this.#figures).map(async ([name, figures]) => {
        failed[name] = "";
        try {
          return await figures(signal);
        } catch (failure) {
          failed[name] = messageOf(failure);
          return [];
        }
      }),
    );
    if (signal.aborted) return;
    this.#deps.sample({ type: "host.measured", at: this.#deps.clock.now(), families: read.flat(), failed });
    this.#tell(failed);
  }

  /** Told once, and again only when something else fails. */
  #tell(failed: Readonly<Record<string, string>>): void {
    const told = Object.entries(failed).filter(([, reason]) => reason !== "");
    const reason = told.map(([name, why]) => `${name}: ${why}`).join("; ");
    if (reason !== "" && reason !== this.#failed) this.#deps.degraded(reason);
    if (reason === "" && this.#failed !== "") this.#deps.recovered();
    this.#failed = reason;
  }
}
