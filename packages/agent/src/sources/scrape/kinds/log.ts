import { messageOf } from "@ostler/protocol";
import { defaultBuckets, type LogNumbers } from "../../../config/numbers/log.js";
import type { Ask } from "../families.js";
import { finderOf, linesOf, varyingLabels } from "../log/line-values.js";
import { newLines, type NewLines, type Output } from "../log/new-lines.js";
import { Tally } from "../../../core/tally.js";

/** What the lines of a service have added up to since this began; each look adds those that have come since the last. */
export function askLog(config: LogNumbers, output: Output): Ask {
  const metrics = Object.entries(config.values).map(([name, value]) => {
    const varying = varyingLabels(value.labels).map(([label]) => label);
    const fixed = Object.fromEntries(Object.entries(value.labels).filter(([label]) => !varying.includes(label)));
    const tally = new Tally(name, { ...value, buckets: value.buckets ?? defaultBuckets, fixed, varying });
    return { name, find: finderOf(value), tally };
  });
  let more: NewLines | undefined;
  const begin = (): NewLines => (more ??= newLines(config, output));
  try {
    begin();
  } catch {
    // Tried again, and told, when it is asked.
  }
  return async (signal) => {
    try {
      for await (const texts of begin()(signal)) {
        const lines = linesOf(texts);
        for (const { find, tally } of metrics) for (const { value, labels } of find(lines)) tally.add(value, labels);
      }
    } catch (failure) {
      throw new Error(`its output could not be read: ${messageOf(failure)}`, { cause: failure });
    }
    signal.throwIfAborted(); // There is more; the next look goes on with it.
    return metrics.flatMap(({ tally }) => tally.families());
  };
}
