import type { Labels } from "@ostler/protocol";
import type { Selector } from "../../config/rules/rules.js";
import type { LookAt, Reading, Sight } from "../../core/series.js";
import { History } from "./history.js";

/** Of one metric no more series are kept over time; rules look past those that come later, and that is told. */
export const maxSeries = 1000;

/** A moment, by the clock on the wall and by the one that never jumps. */
export type Moment = { nowMs: number; wallMs: number };

export type Series = { labels: Labels; history: History };

/** One metric of one service, as all rules that look at it see it: looked at once in each round, however many they are. */
export class Look {
  readonly of: Selector;
  readonly #service: string;
  readonly #lookAt: LookAt;
  readonly #series = new Map<string, Series & { measuredAtMs: number }>();
  #windowMs = 0;
  #roundMs = -Infinity;
  #sight: Sight = { is: "absent", reason: "nobody has looked yet" };
  /** Since when it has been looked at over the window that it has. */
  sinceMs: number;
  /** How many series there was no room for in the last round. */
  overlooked = 0;

  constructor(of: Selector, service: string, lookAt: LookAt, sinceMs: number) {
    this.of = of;
    this.#service = service;
    this.#lookAt = lookAt;
    this.sinceMs = sinceMs;
  }

  /** How far back anybody looks; without a window nothing is kept. For a longer one it has only begun to look. */
  keep(windowMs: number, nowMs: number): void {
    if (windowMs > this.#windowMs) this.sinceMs = nowMs;
    this.#windowMs = windowMs;
    if (windowMs === 0) this.#forget();
    for (const { history } of this.#series.values()) history.keep(windowMs);
  }

  now(moment: Moment): Sight {
    if (this.#roundMs !== moment.nowMs) this.#look(moment);
    return this.#sight;
  }

  over(moment: Moment): Iterable<Series> {
    this.now(moment);
    return this.#series.values();
  }

  /** Begins anew, as when the service has not run. */
  clear(nowMs: number): void {
    this.#forget();
    this.sinceMs = nowMs;
  }

  #forget(): void {
    this.#series.clear();
    this.overlooked = 0;
  }

  #look(moment: Moment): void {
    this.#roundMs = moment.nowMs;
    const { metric, labels } = this.of;
    this.#sight = this.#lookAt(metric, this.#service, Object.keys(labels).length === 0 ? undefined : labels);
    if (this.#windowMs === 0) return;
    this.overlooked = 0;
    if (this.#sight.is === "seen") for (const reading of this.#sight.readings) this.#add(reading, moment);
    for (const [key, { history }] of this.#series)
      if (history.lastMs < moment.nowMs - this.#windowMs) this.#series.delete(key);
  }

  /** A measurement that was there in the round before is not a new one. Its age is taken over to the clock that never jumps. */
  #add({ labels, value, atMs }: Reading, { nowMs, wallMs }: Moment): void {
    const key = keyOf(labels);
    const known = this.#series.get(key);
    if (known?.measuredAtMs === atMs) return;
    if (!known && this.#series.size >= maxSeries) {
      this.overlooked++;
      return;
    }
    const series = known ?? { labels, history: new History(this.#windowMs), measuredAtMs: atMs };
    this.#series.set(key, series);
    series.measuredAtMs = atMs;
    series.history.add(nowMs - Math.max(0, wallMs - atMs), value);
  }
}

/** The looks of all rules, by service, metric and labels. */
export class Looks {
  readonly #lookAt: LookAt;
  readonly #looks = new Map<string, Look>();

  constructor(lookAt: LookAt) {
    this.#lookAt = lookAt;
  }

  of(service: string, selector: Selector, nowMs: number): Look {
    const key = `${service} ${selector.metric} ${keyOf(selector.labels)}`;
    const look = this.#looks.get(key) ?? new Look(selector, service, this.#lookAt, nowMs);
    this.#looks.set(key, look);
    return look;
  }

  /** Keeps for each look the longest window that somebody still needs, and nothing for whom nobody does. */
  settle(windows: ReadonlyMap<Look, number>, nowMs: number): void {
    for (const [key, look] of this.#looks) {
      const windowMs = windows.get(look);
      if (windowMs === undefined) this.#looks.delete(key);
      else look.keep(windowMs, nowMs);
    }
  }
}

export function keyOf(labels: Labels): string {
  const names = Object.keys(labels);
  if (names.length > 1) names.sort();
  return names.map((name) => `${name}=${JSON.stringify(labels[name])}`).join();
}
