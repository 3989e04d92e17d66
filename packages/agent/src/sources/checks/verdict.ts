/** What one probe found. A check that says no has done its work. */
export type Verdict = { ok: true } | { ok: false; reason: string };

export const passed: Verdict = { ok: true };

export function failed(reason: string): Verdict {
  return { ok: false, reason };
}

/** Asks once; must end soon after the signal aborts. What it rejects with is a failed verdict too. */
export type Probe = (signal: AbortSignal) => Promise<Verdict>;
