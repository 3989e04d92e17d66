/** Something that changes again and again, and those who wait for it. */
export class Changes {
  readonly #waiting = new Set<() => void>();

  /** Somebody is waiting right now. */
  get isAwaited(): boolean {
    return this.#waiting.size > 0;
  }

  notify(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  /** Resolves at the next change, or when the signal aborts. */
  next(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake);
        signal?.removeEventListener("abort", wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal?.addEventListener("abort", wake);
      if (signal?.aborted) wake();
    });
  }
}
