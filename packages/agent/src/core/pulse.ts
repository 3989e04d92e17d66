import type { Clock } from "./clock.js";

/**
 * Signs of life of the agent's own work. A part that promises to beat every `everyMs` and has not for three times as long
 * makes the agent unhealthy: `/health` answers for work that is done, not for a process that exists.
 */
export class Pulse {
  readonly #clock: Clock;
  readonly #parts = new Map<string, { everyMs: number; lastMs: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Returns the function that the part calls each time it has done its round. */
  expect(part: string, everyMs: number): () => void {
    const beat = (): void => void this.#parts.set(part, { everyMs, lastMs: this.#clock.monotonic() });
    beat();
    return beat;
  }

  /** The parts that are overdue; empty when all is well. */
  overdue(): string[] {
    const now = this.#clock.monotonic();
    return [...this.#parts]
      .filter(([, { everyMs, lastMs }]) => now - lastMs > 3 * everyMs + 1000)
      .map(([part]) => part);
  }
}
