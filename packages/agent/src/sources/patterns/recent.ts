/** Counts of a group in the parts of the window, the oldest part first: [which part, how many]. */
type Parts = [part: number, count: number][];
export type RecentState = [group: string, parts: Parts][];

/** The window moves in so many steps: a match counts for at least as long as the window, and at most a step longer. */
const steps = 60;

/** Of more groups those are forgotten that were not seen for longest. */
export const maxGroups = 2000;

/** So many groups are shown, those that have most. */
export const maxShown = 20;

/** Counts matches within a window that moves on, by group. */
export class Recent {
  readonly #stepMs: number;
  readonly #groups: Map<string, Parts>;

  constructor(windowMs: number, state: RecentState = []) {
    this.#stepMs = windowMs / steps;
    this.#groups = new Map(state);
  }

  get state(): RecentState {
    return [...this.#groups];
  }

  add(group: string, nowMs: number): void {
    const part = this.#partOf(nowMs);
    const parts = this.#groups.get(group) ?? [];
    const last = parts.at(-1);
    if (last?.[0] === part) last[1]++;
    else parts.push([part, 1]);
    this.#groups.delete(group); // Those that were seen last stand last.
    this.#groups.set(group, parts);
    if (parts.length > steps + 1) this.#shorten(parts, part);
    const [oldest] = this.#groups.keys();
    if (this.#groups.size > maxGroups && oldest !== undefined) this.#groups.delete(oldest);
  }

  /** The groups that have most within the window, and how many each has. */
  top(nowMs: number): { group: string; count: number }[] {
    const now = this.#partOf(nowMs);
    const all: { group: string; count: number }[] = [];
    for (const [group, parts] of this.#groups) {
      this.#shorten(parts, now);
      if (parts.length === 0) this.#groups.delete(group);
      else all.push({ group, count: parts.reduce((sum, [, count]) => sum + count, 0) });
    }
    return all.sort((one, other) => other.count - one.count).slice(0, maxShown);
  }

  #shorten(parts: Parts, now: number): void {
    // What lies in the future was counted before the clock was set back.
    const stays = parts.filter(([part]) => part >= now - steps && part <= now);
    if (stays.length < parts.length) parts.splice(0, parts.length, ...stays);
  }

  #partOf(nowMs: number): number {
    return Math.floor(nowMs / this.#stepMs);
  }
}
