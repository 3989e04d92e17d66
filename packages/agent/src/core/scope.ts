/** Owns what was started; closes it in reverse order, once, and reports every failure. */
export class Scope implements AsyncDisposable {
  readonly #owned: (AsyncDisposable | Disposable)[] = [];
  #closing: Promise<void> | undefined;

  own<T extends AsyncDisposable | Disposable>(thing: T): T {
    this.#owned.push(thing);
    return thing;
  }

  /** Runs `close` when the scope closes. */
  onClose(close: () => void | Promise<void>): void {
    this.#owned.push({ [Symbol.asyncDispose]: async () => close() });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    const failures: unknown[] = [];
    for (let thing = this.#owned.pop(); thing; thing = this.#owned.pop()) {
      try {
        if (Symbol.asyncDispose in thing) await thing[Symbol.asyncDispose]();
        else thing[Symbol.dispose]();
      } catch (failure) {
        failures.push(failure);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, `${failures.length} part(s) failed to close`);
  }
}
