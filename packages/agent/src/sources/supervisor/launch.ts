import { closeSync, openSync } from "node:fs";
import { devNull } from "node:os";
import { messageOf } from "@ostler/protocol";
import type { ProcessConfig } from "../../config/processes.js";
import type { Publish } from "../../core/bus.js";
import { filesIn, type NamedFile } from "../../platform/file-identity.js";
import type { Refusal } from "../../platform/refusal.js";
import { openSpools } from "../../platform/spool.js";
import { launchKeeper, type Launch } from "./keeper.js";
import { preflight } from "./preflight.js";
import { forgetBefore, runPrefix, type Slot } from "./records.js";
import { openRunGroup } from "./run-group.js";

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
/** What a run is begun with. */
export type Begun = { environment: Record<string, string>; files: NamedFile[] };

export type LaunchWatch = {
  begun: (begun: Begun) => void;
  failed: (refusal: Refusal) => void;
  keeperEnded: (status: number | null) => void;
};

/** Starts one run of a process under a keeper. What cannot even begin is told at once. */
export function launch(
  slot: Slot,
  run: number,
  mark: string,
  config: ProcessConfig,
  deps: LaunchDeps,
  watch: LaunchWatch,
  notify?: Launch["notify"],
): void {
  const ready = preflight(config, deps.env);
  if ("reason" in ready) return watch.failed(ready);
  const { group: wanted, seen, ...start } = ready;
  const output = openOutput(slot, deps);
  try {
    const group = wanted && openRunGroup(wanted, mark.slice(0, mark.indexOf("/")), slot, run);
    const keeper = launchKeeper({
      ...start,
      ...output,
      ...(group === undefined ? {} : { group }),
      ...(notify ? { notify } : {}),
      run: runPrefix(deps.records, slot, run),
      mark,
      setsid: deps.setsid,
    });
    keeper.once("error", (failure) => watch.failed({ kind: "host", reason: messageOf(failure) }));
    // Not right here: libuv goes on as long as children end, and one started from here may end before it looks again.
    keeper.once("exit", (status) => setImmediate(() => watch.keeperEnded(status)));
  } catch (failure) {
    watch.failed({ kind: "host", reason: messageOf(failure) });
  } finally {
    closeSync(output.stdout);
    closeSync(output.stderr);
  }
  setImmediate(() => {
    watch.begun({ environment: seen.environment, files: filesIn(seen.command, start.cwd) });
    tidy(slot, run, deps);
  });
}

/** Forgets old runs. Their records harm nobody: what cannot be removed now is tried again at the next start. */
function tidy(slot: Slot, run: number, { records }: LaunchDeps): void {
  try {
    forgetBefore(records, slot, run - 1);
  } catch {
    return;
  }
}

/** A service whose output cannot be kept still has to run. */
function openOutput(slot: Slot, { publish, spools }: LaunchDeps): { stdout: number; stderr: number } {
  try {
    return openSpools(spools, slot.service, slot.process);
  } catch (failure) {
    publish({ type: "service.output-lost", data: { ...slot, reason: messageOf(failure) } });
    return { stdout: openSync(devNull, "w"), stderr: openSync(devNull, "w") };
  }
}
