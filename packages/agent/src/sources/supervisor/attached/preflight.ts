import { accessSync, constants } from "node:fs";
import { dirname } from "node:path";
import { messageOf } from "@ostler/protocol";
import { ownerOf, type AttachConfig } from "../../../config/attach.js";
import { systemClock } from "../../../core/clock.js";
import { findProgram } from "../../../platform/program.js";
import { Systemctl } from "./systemctl.js";
import { sightOf } from "./unit.js";

/** Everything that keeps a process from being attached to on this host. Starts nothing; that it does not run is no reason. */
export async function whyNotAttached(attach: AttachConfig, env: NodeJS.ProcessEnv): Promise<string[]> {
  const owner = ownerOf(attach);
  if (owner.owner === "systemd") return whyNoUnit(owner.unit, env);
  const commands = Object.entries(owner.commands).flatMap(([name, command]) => {
    const found = findProgram({ command, cwd: "/", env: {} }, env);
    return "reason" in found ? [`attach.${name}: ${found.reason}`] : [];
  });
  return [...whyUnreachable(dirname(owner.path)), ...commands];
}

async function whyNoUnit(unit: string, env: NodeJS.ProcessEnv): Promise<string[]> {
  const quiet = (): void => {}; // The answer says it.
  using systemctl = new Systemctl({ clock: systemClock, env, degraded: quiet, recovered: quiet });
  try {
    const found = await systemctl.show(unit);
    const sight = sightOf(found, undefined);
    return found.load !== "loaded" && sight.is === "failed" ? [`${sight.reason}.`] : [];
  } catch (failure) {
    return [messageOf(failure)];
  }
}

function whyUnreachable(directory: string): string[] {
  try {
    accessSync(directory, constants.X_OK);
    return [];
  } catch (failure) {
    return [`attach.pid_file: its directory cannot be entered: ${messageOf(failure)}`];
  }
}
