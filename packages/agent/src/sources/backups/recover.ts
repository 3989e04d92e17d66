import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { messageOf, type HostState } from "@ostler/protocol";
import type { Publish } from "../../core/bus.js";
import { cleanDrills } from "./drill.js";
import type { Engine } from "./engine.js";
import type { Rest } from "./rest.js";
import { recoverSwap } from "./swap.js";

type Of = { service: string; backup: string };
type Undone = Of & { undone: string };

export type RecoverDeps = {
  publish: Publish;
  state: () => HostState;
  degraded: (part: string, reason: string) => void;
  records: string;
  drills: string;
  rest: Rest;
  engines: readonly (() => Engine)[];
  signal: AbortSignal;
};

const swapSuffix = ".swap";

/** Where it is written down what a restore of a set has begun. Names have no dot. */
export function swapRecordOf(records: string, { service, backup }: Of): string {
  return join(records, `${service}.${backup}${swapSuffix}`);
}

/**
 * Undoes or completes what an agent before this one has left half done, and tells that: files first, then the services that wait
 * for them. What cannot be recovered is told, and tried again by the next agent. Never rejects.
 */
export async function recoverAll(deps: RecoverDeps): Promise<void> {
  const { publish, state, degraded, drills, rest, engines, signal } = deps;
  const failed = (part: string, failure: unknown): void => degraded(`backups: ${part}`, messageOf(failure));
  const undone = await recoverSwaps(deps, failed);
  try {
    undone.push(...(await rest.recover(signal)));
  } catch (failure) {
    failed("what was at rest", failure);
  }
  await cleanDrills(drills).catch((failure: unknown) => failed("drills", failure));
  for (const engine of engines) await clean(engine);
  for (const [service, { backups = {} }] of Object.entries(state().services))
    for (const [backup, { running }] of Object.entries(backups)) {
      if (!running) continue;
      const its = undone.filter((one) => one.service === service && one.backup === backup).map((one) => one.undone);
      publish({ type: "backup.interrupted", data: { service, backup, doing: running.doing, undone: its } });
    }
}

async function recoverSwaps(
  { records }: RecoverDeps,
  failed: (part: string, failure: unknown) => void,
): Promise<Undone[]> {
  const undone: Undone[] = [];
  for (const name of await readdir(records).catch(() => [])) {
    if (!name.endsWith(swapSuffix)) continue;
    const [service = "", backup = ""] = name.slice(0, -swapSuffix.length).split(".");
    try {
      const swap = await recoverSwap(join(records, name));
      const what = swap && `the restore of ${swap.id} was ${swap.is}: ${swap.places.join(", ")}`;
      if (what !== undefined) undone.push({ service, backup, undone: what });
    } catch (failure) {
      failed(`restore of ${service}/${backup}`, failure);
    }
  }
  return undone;
}

/** The next backup of the set tells what is wrong there. */
async function clean(engine: () => Engine): Promise<void> {
  try {
    await engine().clean();
  } catch {
    return;
  }
}
