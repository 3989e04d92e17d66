import type { LogSource } from "../../config/logs/log-source.js";
import type { FeedDeps } from "./feed-deps.js";

/** What a unit of systemd writes into the journal. */
export function feedOfJournal(
  unit: string,
  from: LogSource["from"],
  positions: Readonly<Record<string, unknown>>,
  deps: FeedDeps,
): AsyncDisposable {
  throw new Error(`not yet ${unit} ${from} ${JSON.stringify(positions)} ${typeof deps}`);
}
