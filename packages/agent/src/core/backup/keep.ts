/** What is kept: so many of the newest, the newest of each of so many hours, days …, and all that is younger than `withinMs`. */
export type KeepPolicy = Record<Span, number> & { withinMs?: number };

/** `isGood` is false for what is known to be broken, and absent for what nobody has looked at. */
export type KeepCandidate = { id: string; timeMs: number; isGood: boolean | undefined; isUnreadable?: boolean };

export type Kept = { id: string; reasons: string[] };

/**
 * Which backups are kept and why, newest first, by the rules of restic: the newest of each of the last so many periods that
 * have one, by UTC. Besides, the newest that was verified and the newest that is not known to be broken always stay, and
 * what is dated in the future stays and counts for nothing until its time has come. What cannot be read stays, too, and
 * counts for nothing: it may be a disk that fails for now. An empty policy keeps everything.
 */
export function keptBy(
  candidates: readonly KeepCandidate[],
  policy: KeepPolicy,
  nowMs: number,
  compareIds: (a: string, b: string) => number,
): { keep: Kept[]; remove: string[] } {
  const newestFirst = candidates.toSorted((a, b) => b.timeMs - a.timeMs || compareIds(b.id, a.id));
  const unreadable = newestFirst.filter((one) => one.isUnreadable === true);
  const readable = newestFirst.filter((one) => one.isUnreadable !== true);
  const [future, past] = [readable.filter((one) => one.timeMs > nowMs), readable.filter((one) => one.timeMs <= nowMs)];
  const reasons = new Map<string, string[]>([
    ...future.map(({ id }): [string, string[]] => [id, ["dated in the future"]]),
    ...unreadable.map(({ id }): [string, string[]] => [id, ["cannot be read"]]),
  ]);
  const because = (id: string, reason: string): void => void reasons.set(id, [...(reasons.get(id) ?? []), reason]);
  if (isEmpty(policy)) for (const { id } of past) because(id, "no policy");
  keepByPolicy(past, policy, because);
  const good = past.find(({ isGood }) => isGood === true);
  const notBroken = past.find(({ isGood }) => isGood !== false);
  if (good) because(good.id, "last verified");
  if (notBroken && notBroken !== good) because(notBroken.id, "last not known to be broken");
  return {
    keep: newestFirst.flatMap(({ id }) => (reasons.has(id) ? [{ id, reasons: reasons.get(id) ?? [] }] : [])),
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

function isEmpty(policy: KeepPolicy): boolean {
  return spans.every((span) => policy[span] === 0) && (policy.withinMs ?? 0) === 0;
}

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
