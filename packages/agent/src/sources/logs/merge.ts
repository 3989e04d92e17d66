/** Yields from all of them as values come, and holds at most one value of each. */
export async function* merge<T>(sources: readonly AsyncGenerator<T>[]): AsyncGenerator<T> {
  type Next = { source: AsyncGenerator<T>; result: IteratorResult<T, unknown> };
  const ask = async (source: AsyncGenerator<T>): Promise<Next> => ({ source, result: await source.next() });
  const waiting = new Map(sources.map((source) => [source, ask(source)]));
  try {
    while (waiting.size > 0) {
      const { source, result } = await Promise.race(waiting.values());
      if (result.done) waiting.delete(source);
      else {
        waiting.set(source, ask(source));
        yield result.value;
      }
    }
  } finally {
    for (const asked of waiting.values()) asked.catch(() => undefined); // Nobody waits for these any more.
    await Promise.all(sources.filter((source) => !waiting.has(source)).map((source) => source.return(undefined)));
  }
}
