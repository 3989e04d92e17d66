import { checkConfig, type CheckConfig } from "../config/checks/check.js";
import type { Probe, Verdict } from "../sources/checks/verdict.js";

/** Plenty for what answers; nothing in the tests waits for it to pass. */
const plentyMs = 10_000;

/** A check as the configuration makes it, with every default. */
export function checkOf<C extends CheckConfig>(settings: object): C {
  return checkConfig.parse({ name: "up", ...settings }) as C;
}

/** What a probe finds: `ok`, the warning, or the reason why not. */
export async function ask(probe: Probe, timeoutMs = plentyMs): Promise<string> {
  return reasonOf(await probe(AbortSignal.timeout(timeoutMs)));
}

/** A verdict in words: `ok`, the warning, or the reason why not. */
export function reasonOf(verdict: Verdict): string {
  if (!verdict.ok) return verdict.reason;
  return verdict.warning === undefined ? "ok" : `warning: ${verdict.warning}`;
}
