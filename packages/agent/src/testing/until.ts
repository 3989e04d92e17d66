/** For tests: waits until something is true, looking often; fails with what was seen last. */
export async function until<T>(
  look: () => T | Promise<T>,
  { within = 10_000, what = "" }: { within?: number; what?: string } = {},
): Promise<NonNullable<T>> {
  const deadline = performance.now() + within;
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    if (performance.now() > deadline)
      throw new Error(`Not within ${within} ms${what === "" ? "" : `: ${what}`}. Last seen: ${String(seen)}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
