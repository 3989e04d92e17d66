import { notFound, own, type HostState } from "@ostler/protocol";
import { ownerOf } from "../../../config/attach.js";
import type { ServiceConfig } from "../../../config/services.js";
import { bootId } from "../../../platform/proc.js";
import type { Slot } from "../records.js";
import { AttachedProcess, type AttachedDeps } from "./attached-process.js";
import type { OwnerCommandDeps } from "./owner-command.js";
import type { Owner } from "./owner.js";
import { PidFileOwner } from "./pid-file-owner.js";
import { Systemctl } from "./systemctl.js";
import { UnitOwner } from "./unit-owner.js";

export type AttachmentsDeps = Omit<AttachedDeps, "owner" | "policy" | "before" | "otherBoot"> &
  OwnerCommandDeps & {
    state: () => HostState;
    /** What was known before this agent started. */
    previous: HostState;
    /** Something of a service is left that this agent has started itself, or one before it: that ends first. */
    hasOurs: (service: string) => boolean;
  };

type Services = Readonly<Record<string, ServiceConfig>>;

/** The only process of a service that is attached. */
const main = "main";

/** The services that have another owner, one process each. Disposing it looks away; they run on. */
export class Attachments implements Disposable {
  readonly #deps: AttachmentsDeps;
  readonly #processes = new Map<string, AttachedProcess>();
  readonly #systemctl: Systemctl;

  constructor(deps: AttachmentsDeps) {
    this.#deps = deps;
    this.#systemctl = new Systemctl({
      ...{ clock: deps.clock, env: deps.env },
      degraded: (reason) => deps.degraded("systemctl", reason),
      recovered: () => deps.recovered("systemctl"),
    });
  }

  get names(): string[] {
    return [...this.#processes.keys()];
  }

  /** The attached process of a service; nothing of a service that has none. @throws OstlerError `not-found` for another process */
  find(service: string, process: string | undefined): AttachedProcess | undefined {
    const its = this.#processes.get(service);
    if (its && process !== undefined && process !== main) throw notFound(`process of ${service}`, process, [main]);
    return its;
  }

  at({ service, process }: Slot): AttachedProcess | undefined {
    return process === main ? this.#processes.get(service) : undefined;
  }

  /** Begins to watch what is not watched yet. */
  take(services: Services): void {
    for (const [service, config] of Object.entries(services)) {
      if (!config.attach || this.#processes.has(service) || this.#deps.hasOurs(service)) continue;
      this.#processes.set(service, this.#attach({ service, process: main }, config));
    }
  }

  /** Looks away from what the configuration does not name any more, or under another owner. */
  letGo(services: Services): void {
    for (const [service, process] of this.#processes) {
      const config = own(services, service);
      if (config && process.suits(config)) continue;
      process.letGo();
      this.#processes.delete(service);
    }
  }

  /** Called about once a second. */
  look(): void {
    for (const process of this.#processes.values()) process.look();
  }

  [Symbol.dispose](): void {
    this.#systemctl[Symbol.dispose]();
    for (const process of this.#processes.values()) process[Symbol.dispose]();
  }

  #attach(slot: Slot, config: ServiceConfig): AttachedProcess {
    const { state, previous } = this.#deps;
    const before = own(own(state().services, slot.service)?.processes ?? {}, slot.process);
    const otherBoot = previous.agent.bootId !== bootId();
    const about = { owner: this.#ownerOf(slot, config), policy: config.restart, before, otherBoot };
    return new AttachedProcess(slot, config, { ...this.#deps, ...about });
  }

  #ownerOf(slot: Slot, { attach }: ServiceConfig): Owner {
    const owner = ownerOf(attach ?? {});
    if (owner.owner === "pid-file") return new PidFileOwner(slot, owner, this.#deps);
    return new UnitOwner(owner.unit, { systemctl: this.#systemctl, clock: this.#deps.clock });
  }
}
