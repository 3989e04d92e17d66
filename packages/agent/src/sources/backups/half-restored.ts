import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setOfSwapRecord } from "./swap-names.js";

/** The services of which a restore has left files that are half old and half new, each with the record that says so. */
export function halfRestored(records: string): { service: string; path: string }[] {
  return filesIn(records).flatMap((file) => {
    const service = setOfSwapRecord(file)?.service;
    const path = join(records, file);
    return service !== undefined && isHalf(path) ? [{ service, path }] : [];
  });
}

/** Why a service may not be started; nothing when it may. */
export function halfRestoredInWords(records: string, service: string): string | undefined {
  const half = halfRestored(records).find((one) => one.service === service);
  return half
    ? `a restore has left its files half old and half new (${half.path}). That is undone as soon as it can be; see \`ostler health\`.`
    : undefined;
}

/** Puts back, before anybody is started, what a killed agent was about to put in place. What cannot be is tried again later, and told then. */
export async function settleRestores(records: string): Promise<void> {
  const half = halfRestored(records);
  if (half.length === 0) return;
  const { settleSwap } = await import("./settle.js"); // Seldom needed, and no part of a usual start.
  for (const { path } of half) await settleSwap(path).catch(() => undefined);
}

function filesIn(records: string): string[] {
  try {
    return readdirSync(records);
  } catch {
    return []; // Nothing was ever restored, or nothing can be read: then nothing can be restored either, and that is told.
  }
}

/** Nobody knows what one has changed that cannot be read. */
function isHalf(path: string): boolean {
  try {
    const { phase } = JSON.parse(readFileSync(path, "utf8")) as { phase?: unknown };
    return phase !== "staging" && phase !== "swapped";
  } catch (failure) {
    return (failure as NodeJS.ErrnoException).code !== "ENOENT";
  }
}
