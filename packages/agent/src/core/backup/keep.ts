/** What is kept: so many of the newest, the newest of each of so many hours, days …, and all that is younger than `withinMs`. */
export type KeepPolicy = Record<Span, number> & { withinMs?: number };

export type KeepCandidate = {
  id: string;
  timeMs: number;
  /** False for what is known to be broken, and absent for what nobody has looked at. */
  isGood: boolean | undefined;
  /** Nobody knows what it is: it may be a disk that fails for now. */
  isUnreadable: boolean;
  /** It was made of what was there before a restore. */
  isSafety: boolean;
};

export type Kept = { id: string; reasons: string[] };

/**
 * Which backups are kept and why, newest first, by the rules of restic: the newest of each of the last so many periods that
 * have one, by UTC. What is known to be broken takes nobody's place: the rules are also applied as if it was not there.
 * Those that were made before a restore are counted by themselves, by the same rules. Besides, the newest that was verified
 * and the newest that is not known to be broken always stay. What is dated in the future stays and counts for nothing until
 * its time has come, and so does what cannot be read. An empty policy keeps everything.
 */
export function keptBy(
  candidates: readonly KeepCandidate[],
  policy: KeepPolicy,
  nowMs: number,
  compareIds: (a: string, b: string) => number,
): { keep: Kept[]; remove: string[] } {
  const newestFirst = candidates.toSorted((a, b) => b.timeMs - a.timeMs || compareIds(b.id, a.id));
  const readable = newestFirst.filter(({ isUnreadable }) => !isUnreadable);
  const past = readable.filter((one) => one.timeMs <= nowMs);
  const [safety, usual] = [past.filter(({ isSafety }) => isSafety), past.filter(({ isSafety }) => !isSafety)];
  const reasons = reasonsIn(usual, policy);
  for (const { id, timeMs } of readable) if (timeMs > nowMs) reasons.set(id, ["dated in the future"]);
  for (const { id, isUnreadable } of newestFirst) if (isUnreadable) reasons.set(id, ["cannot be read"]);
  for (const [id, its] of reasonsIn(safety, policy))
    reasons.set(
      id,
      its.map((reason) => `safety: ${reason}`),
    );
  return {
    keep: newestFirst.flatMap(({ id }) => {
      const its = reasons.get(id);
      return its ? [{ id, reasons: its }] : [];
    }),
    remove: newestFirst.map(({ id }) => id).filter((id) => !reasons.has(id)),
  };
}

type Span = "last" | "hourly" | "daily" | "weekly" | "monthly" | "yearly";

/** What the period of a moment is called; of one period only the newest counts. Each is a period of its own for `last`. */
const periodOf: Record<Span, ((timeMs: number) => string) | undefined> = {
  last: undefined,
  hourly: (timeMs) => new Date(timeMs).toISOString().slice(0, 13).replace("T", " ") + ":00",
  daily: (timeMs) => new Date(timeMs).toISOString().slice(0, 10),
  weekly: weekOf,
  monthly: (timeMs) => new Date(timeMs).toISOString().slice(0, 7),
  yearly: (timeMs) => new Date(timeMs).toISOString().slice(0, 4),
};

const spans = Object.keys(periodOf) as Span[];
const dayMs = 24 * 60 * 60_000;

/** Why each of those that stay does so. */
function reasonsIn(newestFirst: readonly KeepCandidate[], policy: KeepPolicy): Map<string, string[]> {
  const reasons = new Map<string, string[]>();
  const because = (id: string, reason: string): void => void reasons.set(id, [...(reasons.get(id) ?? []), reason]);
  if (isEmpty(policy)) for (const { id } of newestFirst) because(id, "no policy");
  keepByPolicy(newestFirst, policy, because);
  const notBroken = newestFirst.filter(({ isGood }) => isGood !== false);
  keepByPolicy(notBroken, policy, (id, reason) => {
    if (!reasons.get(id)?.includes(reason)) because(id, `${reason} of those not known to be broken`);
  });
  const good = newestFirst.find(({ isGood }) => isGood === true);
  if (good) because(good.id, "last verified");
  const [last] = notBroken;
  if (last && last !== good) because(last.id, "last not known to be broken");
  return reasons;
}

function isEmpty(policy: KeepPolicy): boolean {
  return spans.every((span) => policy[span] === 0) && (policy.withinMs ?? 0) === 0;
}

/** The rules of restic. */
function keepByPolicy(
  newestFirst: readonly KeepCandidate[],
  policy: KeepPolicy,
  because: (id: string, reason: string) => void,
): void {
  const { withinMs = 0 } = policy;
  const newestMs = newestFirst[0]?.timeMs ?? 0;
  for (const { id, timeMs } of newestFirst) if (withinMs > 0 && newestMs - timeMs < withinMs) because(id, "within");
  for (const span of spans) {
    let [left, before] = [policy[span], ""];
    for (const { id, timeMs } of newestFirst) {
      if (left === 0) break;
      const period = periodOf[span]?.(timeMs);
      if (period !== undefined && period === before) continue;
      because(id, period === undefined ? span : `${span} ${period}`);
      [left, before] = [left - 1, period ?? ""];
    }
  }
}

/** The week as ISO 8601 counts it: it belongs to the year that its Thursday is in. */
function weekOf(timeMs: number): string {
  const weekday = (new Date(timeMs).getUTCDay() + 6) % 7;
  const thursday = new Date(timeMs + (3 - weekday) * dayMs);
  const year = thursday.getUTCFullYear();
  const week = 1 + Math.floor((thursday.getTime() - Date.UTC(year, 0, 1)) / (7 * dayMs));
  return `${year}-W${String(week).padStart(2, "0")}`;
}
