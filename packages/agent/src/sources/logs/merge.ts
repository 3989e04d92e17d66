/**
 * Yields from all of them as values come, those that come later included, and holds at most one value of each. Those that
 * are quiet cost nothing, however much the others say.
 */
export async function* merge<T>(
  sources: readonly AsyncGenerator<T>[],
  later?: AsyncGenerator<AsyncGenerator<T>>,
): AsyncGenerator<T> {
  const open = new Set<AsyncGenerator>();
  const ready: (() => { value: T } | undefined)[] = []; // Never more than one of each source.
  let wake = (): void => {};
  const ask = <V>(source: AsyncGenerator<V>, take: (value: V) => { value: T } | undefined): void => {
    open.add(source);
    const came = (answer: (typeof ready)[number]): void => {
      ready.push(answer);
      wake();
    };
    const taken = (value: V): ReturnType<typeof take> => {
      ask(source, take);
      return take(value);
    };
    source.next().then(
      (result) => came(() => (result.done ? void open.delete(source) : taken(result.value))),
      (failure: unknown) =>
        came(() => {
          throw failure;
        }),
    );
  };
  const asIs = (value: T): { value: T } => ({ value });
  for (const source of sources) ask(source, asIs);
  const joins = (source: AsyncGenerator<T>): undefined => {
    ask(source, asIs);
  };
  if (later) ask(later, joins);
  try {
    while (open.size > 0) {
      if (ready.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      for (const answer of ready.splice(0)) {
        const next = answer();
        if (next) yield next.value;
      }
    }
  } finally {
    // One that waits ends when it wakes. What it fails of then concerns nobody any more.
    for (const source of open) source.return(undefined).catch(() => undefined);
  }
}
