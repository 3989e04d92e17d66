import { messageOf, OstlerError, type SettingChange } from "@ostler/protocol";
import { transact, type Part } from "../../core/assembly.js";
import type { Publish } from "../../core/bus.js";
import { loadConfig, type Loaded } from "../../config/load.js";
import { planChanges } from "../../config/plan.js";
import { formatProblem } from "../../config/problems.js";

export type ReloadDeps = { publish: Publish; env: NodeJS.ProcessEnv; parts: readonly Part<Loaded>[] };

export type Plan = { hash: string; changes: SettingChange[] };

/** How many problems of a bad file are told in its event. */
const maxProblems = 50;

/** Holds the running configuration, and is the only one who replaces it: as a whole, or not at all. */
export class Reload {
  readonly #deps: ReloadDeps;
  #running: Loaded;

  constructor(running: Loaded, deps: ReloadDeps) {
    this.#running = running;
    this.#deps = deps;
  }

  get running(): Loaded {
    return this.#running;
  }

  /** What a reload to a file (its own when none is given) would change. @throws OstlerError `config-invalid` */
  plan(file = this.#running.file): Plan {
    const next = this.#load(file);
    return { hash: next.hash, changes: planChanges(this.#running.config, next.config) };
  }

  /** Reads the file again and goes over to it. @throws OstlerError `config-invalid`, `needs-restart`, `failed`; nothing was changed then */
  async reload(signal: AbortSignal): Promise<Plan> {
    const { file } = this.#running;
    try {
      const next = this.#load(file);
      const changes = planChanges(this.#running.config, next.config);
      refuseDeepChanges(changes);
      if (changes.length > 0) await transact(this.#deps.parts, this.#running, next, signal);
      this.#running = next;
      this.#deps.publish({ type: "config.applied", data: { file, hash: next.hash, changes } });
      return { hash: next.hash, changes };
    } catch (failure) {
      const problems = messageOf(failure).split("\n").slice(0, maxProblems);
      this.#deps.publish({ type: "config.rejected", data: { file, problems } });
      throw OstlerError.from(failure, "failed");
    }
  }

  #load(file: string): Loaded {
    const loaded = loadConfig(file, this.#deps.env);
    if ("problems" in loaded) throw new OstlerError("config-invalid", loaded.problems.map(formatProblem).join("\n"));
    return loaded;
  }
}

/** All or nothing: applying the rest would leave a configuration running that stands in no file. */
function refuseDeepChanges(changes: readonly SettingChange[]): void {
  const deep = changes.filter(({ effect }) => effect === "needs-agent-restart").map(({ path }) => path);
  if (deep.length > 0)
    throw new OstlerError(
      "needs-restart",
      `${deep.join(", ")} cannot change while the agent runs. Restart the agent; its services run on.`,
    );
}
