import { messageOf, type Family, type Scraped } from "@ostler/protocol";
import type { Clock } from "../../core/clock.js";
import { newStop } from "../../core/stop.js";
import type { Ask } from "./families.js";

export type ScrapePlan = { every: number; timeout: number; ask: Ask };

export type ScraperDeps = {
  clock: Clock;
  random: () => number;
  /** Keeps what there is room for. */
  fit: (families: readonly Family[]) => { families: Family[]; dropped: number };
  tell: (seen: Scraped, tookMs: number) => void;
};

/** The first look after a start comes within this time, so that not all sources are asked at once. */
const firstWithinMs = 1000;
/** Until it has answered once after a start, a source is asked again after this time, then twice that, up to `every`. */
const eagerMs = 500;

/** Asks one source again and again while it is to: one question at a time, each with a deadline. */
export class Scraper implements AsyncDisposable {
  readonly #plan: ScrapePlan;
  readonly #deps: ScraperDeps;
  #stop: AbortController | undefined;
  /** Resolves when the questions before have ended: a new one waits for them. */
  #ended: Promise<void> = Promise.resolve();

  constructor(plan: ScrapePlan, deps: ScraperDeps) {
    this.#plan = plan;
    this.#deps = deps;
  }

  get runs(): boolean {
    return this.#stop !== undefined;
  }

  start(): void {
    if (this.#stop) return;
    const { signal } = (this.#stop = newStop());
    this.#ended = this.#ended.then(() => this.#run(signal));
  }

  stop(): void {
    this.#stop?.abort();
    this.#stop = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop();
    await this.#ended;
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#deps;
    const { every } = this.#plan;
    let waitMs = random() * Math.min(every, firstWithinMs);
    let eagerWaitMs: number | undefined = Math.min(eagerMs, every);
    while (!signal.aborted) {
      await clock.sleep(waitMs, signal);
      if (signal.aborted) return;
      const startedMs = clock.monotonic();
      const isUp = await this.#ask(startedMs, signal);
      if (isUp) eagerWaitMs = undefined;
      waitMs = Math.max(0, (eagerWaitMs ?? every) - (clock.monotonic() - startedMs));
      if (eagerWaitMs !== undefined) eagerWaitMs = Math.min(eagerWaitMs * 2, every);
    }
  }

  async #ask(startedMs: number, signal: AbortSignal): Promise<boolean> {
    const { clock, fit, tell } = this.#deps;
    const { ask, timeout } = this.#plan;
    const deadline = newStop();
    const abort = (): void => deadline.abort();
    signal.addEventListener("abort", abort);
    let isLate = false;
    const cancel = clock.after(timeout, () => {
      isLate = true;
      abort();
    });
    const answer = await ask(deadline.signal).catch((failure: unknown) => messageOf(failure));
    cancel();
    signal.removeEventListener("abort", abort);
    if (signal.aborted) return false;
    const tookMs = clock.monotonic() - startedMs;
    if (typeof answer === "string") {
      tell({ outcome: "unreachable", reason: isLate ? `no answer within ${timeout} ms` : answer }, tookMs);
      return false;
    }
    tell({ outcome: "scraped", ...fit(answer) }, tookMs);
    return true;
  }
}
