import { watchName, type WatchConfig } from "../config/watch.js";

/** The configuration of a service as the agent serves it: complete, secrets hidden. */
export type ServedService = {
  processes?: Record<string, unknown>;
  checks: { name: string }[];
  watch: WatchConfig[];
  rules?: { name: string }[];
};

/** Where the settings of a service stand in the configuration, as `config plan` names them. */
export class SettingPaths {
  readonly #service: string;
  readonly #config: ServedService | undefined;

  /** Without a configuration, of a service that has just left it, the paths are those of one that is written short. */
  constructor(service: string, config: ServedService | undefined) {
    this.#service = service;
    this.#config = config;
  }

  restart(setting: string): string {
    return `services.${this.#service}.restart.${setting}`;
  }

  /** A setting of a process; an instance like `worker@2` has those of `worker`. */
  process(process: string, setting: string): string {
    const [name = ""] = process.split("@");
    const isShort = this.#config?.processes === undefined;
    return `services.${this.#service}.${isShort ? "" : `processes.${name}.`}${setting}`;
  }

  check(check: string): string {
    const [, process = "", kind] = /^([^:]+):(listens|notified)$/.exec(check) ?? [];
    if (kind !== undefined) return this.process(process, kind === "listens" ? "listens" : "notify_fd");
    return this.#at(
      "checks",
      this.#config?.checks.findIndex(({ name }) => name === check),
    );
  }

  watch(watch: string): string {
    return this.#at(
      "watch",
      this.#config?.watch.findIndex((one) => watchName(one) === watch),
    );
  }

  /** A rule with levels has one for each of them: `size:alert` of `size`. */
  rule(rule: string): string {
    const [name = ""] = rule.split(":");
    return this.#at(
      "rules",
      this.#config?.rules?.findIndex((one) => one.name === name),
    );
  }

  #at(setting: string, index = -1): string {
    return `services.${this.#service}.${setting}${index < 0 ? "" : `.${index}`}`;
  }
}
