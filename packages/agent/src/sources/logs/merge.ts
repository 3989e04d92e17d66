type Next<T> = { source: AsyncGenerator<T>; result?: IteratorResult<T, unknown>; failure?: unknown };

/**
 * Yields from all of them as values come, and holds at most one value of each. Those that are quiet cost nothing, however
 * much the others say.
 */
export async function* merge<T>(sources: readonly AsyncGenerator<T>[]): AsyncGenerator<T> {
  const open = new Set(sources);
  const ready: Next<T>[] = []; // Never more than one of each source.
  let wake = (): void => {};
  const came = (next: Next<T>): void => {
    ready.push(next);
    wake();
  };
  const ask = (source: AsyncGenerator<T>): void => {
    source.next().then(
      (result) => came({ source, result }),
      (failure: unknown) => came({ source, failure }),
    );
  };
  for (const source of sources) ask(source);
  try {
    while (open.size > 0) {
      if (ready.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      for (const { source, result, failure } of ready.splice(0)) {
        if (!result) throw failure;
        if (result.done) open.delete(source);
        else {
          ask(source);
          yield result.value;
        }
      }
    }
  } finally {
    // One that waits ends when it wakes. What it fails of then concerns nobody any more.
    for (const source of open) source.return(undefined).catch(() => undefined);
  }
}
