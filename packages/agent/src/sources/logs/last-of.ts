import type { Timed } from "./dress.js";

/** The lines that wait until the last is known have so many characters at most; beyond it the oldest of them are left out. */
const maxKeptLength = 32 * 1024 * 1024;

/** The last `count` lines of many, which come when all have been seen. */
export async function* lastOf(
  batches: AsyncIterable<Timed[]>,
  count: number,
  maxLength = maxKeptLength,
): AsyncGenerator<Timed[]> {
  let kept: Timed[] = [];
  let first = 0;
  let length = 0;
  for await (const batch of batches)
    for (const timed of batch) {
      kept.push(timed);
      length += timed.line.text.length;
      while (kept.length - first > count || (length > maxLength && kept.length - first > 1))
        length -= kept[first++]?.line.text.length ?? 0;
      if (first <= kept.length / 2) continue;
      kept = kept.slice(first);
      first = 0;
    }
  yield kept.slice(first);
}
