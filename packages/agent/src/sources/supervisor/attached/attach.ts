import type { ProcessState } from "@ostler/protocol";
import { ownerOf } from "../../../config/attach.js";
import type { ServiceConfig } from "../../../config/services.js";
import type { Slot } from "../records.js";
import { AttachedProcess, type AttachedDeps } from "./attached-process.js";
import { PidFileOwner } from "./pid-file-owner.js";
import type { OwnerCommandDeps } from "./owner-command.js";
import type { Owner } from "./owner.js";
import type { Systemctl } from "./systemctl.js";
import { UnitOwner } from "./unit-owner.js";

export type AttachDeps = Omit<AttachedDeps, "owner" | "policy" | "before"> &
  OwnerCommandDeps & {
    systemctl: Systemctl;
    /** What is known of a process by now. */
    processOf: (slot: Slot) => ProcessState | undefined;
  };

/** Begins to watch the process of a service that has `attach`. */
export function attach(slot: Slot, config: ServiceConfig, deps: AttachDeps): AttachedProcess {
  const owner = ownerFor(slot, config, deps);
  return new AttachedProcess(slot, config, { ...deps, owner, policy: config.restart, before: deps.processOf(slot) });
}

function ownerFor(slot: Slot, config: ServiceConfig, deps: AttachDeps): Owner {
  const owner = ownerOf(config.attach ?? {});
  return owner.owner === "systemd" ? new UnitOwner(owner.unit, deps) : new PidFileOwner(slot, owner, deps);
}
