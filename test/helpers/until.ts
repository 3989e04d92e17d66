/** Waits until something is true, looking often; fails with what was seen last. No test sleeps for a fixed time. */
export async function until<T>(
  look: () => T | Promise<T>,
  what = "it is true",
  withinMs = 15_000,
): Promise<NonNullable<T>> {
  const deadline = performance.now() + withinMs;
  let last: unknown;
  for (;;) {
    try {
      const seen = await look();
      if (seen) return seen;
      last = seen;
    } catch (failure) {
      last = failure;
    }
    if (performance.now() > deadline)
      throw new Error(`Waited ${withinMs} ms in vain until ${what}. Last seen: ${String(last)}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
