/** What one probe found. A check that says no has done its work. */
export type Verdict =
  | { ok: true; warning?: string }
  /** `undecided`: it is too early to say. That neither passes nor counts as a failure. */
  | { ok: false; reason: string; undecided?: true };

export const passed: Verdict = { ok: true };

export function warned(warning: string): Verdict {
  return { ok: true, warning };
}

export function failed(reason: string): Verdict {
  return { ok: false, reason };
}

export function undecided(reason: string): Verdict {
  return { ok: false, reason, undecided: true };
}

/** The first that failed, else the first that warns, else passed. */
export function worst(verdicts: readonly Verdict[]): Verdict {
  return verdicts.find(({ ok }) => !ok) ?? verdicts.find((verdict) => verdict.ok && verdict.warning) ?? passed;
}

/** Asks once; must end soon after the signal aborts. What it rejects with is a failed verdict too. */
export type Probe = (signal: AbortSignal) => Promise<Verdict>;
