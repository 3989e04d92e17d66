import { closeSync } from "node:fs";
import { messageOf } from "@ostler/protocol";
import type { ProcessConfig } from "../../config/services.js";
import type { Publish } from "../../core/bus.js";
import { openSpools } from "../../platform/spool.js";
import { launchKeeper } from "./keeper.js";
import { preflight } from "./preflight.js";
import { forgetBefore, runPrefix, type Slot } from "./records.js";

export type LaunchDeps = {
  publish: Publish;
  /** The environment of the agent. */
  env: NodeJS.ProcessEnv;
  /** Directory of the records of this boot. */
  records: string;
  /** Directory of the spool files. */
  spools: string;
  /** Path of setsid(1). */
  setsid: string;
};

/** What becomes of a launch; the records tell the rest. */
export type LaunchWatch = { failed: (reason: string) => void; keeperEnded: (status: number | null) => void };

/** Starts one run of a process under a keeper. What cannot even begin is told at once. */
export function launch(
  slot: Slot,
  run: number,
  mark: string,
  config: ProcessConfig,
  deps: LaunchDeps,
  watch: LaunchWatch,
): void {
  const ready = preflight(config, deps.env);
  if ("reason" in ready) return watch.failed(ready.reason);
  const output = openOutput(slot, deps);
  try {
    forgetBefore(deps.records, slot, run - 1);
    const keeper = launchKeeper({
      ...ready,
      ...output,
      run: runPrefix(deps.records, slot, run),
      mark,
      setsid: deps.setsid,
    });
    keeper.once("error", (failure) => watch.failed(messageOf(failure)));
    keeper.once("exit", (status) => watch.keeperEnded(status));
  } catch (failure) {
    watch.failed(messageOf(failure));
  } finally {
    for (const file of [output.stdout, output.stderr]) if (file !== "ignore") closeSync(file);
  }
}

/** A service whose output cannot be kept still has to run. */
function openOutput(
  slot: Slot,
  { publish, spools }: LaunchDeps,
): { stdout: number | "ignore"; stderr: number | "ignore" } {
  try {
    return openSpools(spools, slot.service, slot.process);
  } catch (failure) {
    publish({ type: "service.output-lost", data: { ...slot, reason: messageOf(failure) } });
    return { stdout: "ignore", stderr: "ignore" };
  }
}
