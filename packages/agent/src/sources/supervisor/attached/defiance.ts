import type { Attached } from "@ostler/protocol";

export type DefianceDeps = {
  isIsolated: (service: string) => boolean;
  /** Something about the service is not as it should be, and is again. */
  degraded: (part: string, reason: string) => void;
  recovered: (part: string) => void;
};

/** A wish of ours does not bind the owner of a process. That an isolated service runs all the same must be heard. */
export class Defiance {
  readonly #service: string;
  readonly #attached: Attached;
  readonly #deps: DefianceDeps;
  #told = false;

  constructor(service: string, attached: Attached, deps: DefianceDeps) {
    this.#service = service;
    this.#attached = attached;
    this.#deps = deps;
  }

  /** Told once, and once when it is over; `runs`: the process runs, and nobody is about to change that. */
  tell(runs: boolean): void {
    const defies = runs && this.#deps.isIsolated(this.#service);
    if (defies === this.#told) return;
    this.#told = defies;
    const part = `isolation of ${this.#service}`;
    if (defies) this.#deps.degraded(part, this.#reason);
    else this.#deps.recovered(part);
  }

  get #reason(): string {
    const [service, { owner, name }] = [this.#service, this.#attached];
    const keep = owner === "systemd" ? ` \`systemctl mask --now ${name}\` keeps it stopped.` : "";
    return `${service} is isolated, but its owner runs it (${name}). \`ostler isolate ${service}\` stops it once more.${keep}`;
  }
}
