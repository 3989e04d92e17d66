import type { LogSource } from "../../config/logs/log-source.js";
import { feedOfFiles } from "./feed-files.js";
import { feedOfJournal } from "./feed-journal.js";
import { feedOfOutput } from "./feed-output.js";
import type { FeedDeps, Known, Output } from "./feed-deps.js";

/** Begins to read a source, each origin where its position says. Ends when it is disposed of. */
export function startFeed(source: LogSource, output: Output, known: Known, deps: FeedDeps): AsyncDisposable {
  const { file, journal, stdout, from } = source;
  if (file) return feedOfFiles(file, from, known, deps);
  const unit = journal === true || journal === undefined ? output.unit : journal;
  if (unit !== undefined) return feedOfJournal(unit, from, known.positions, deps);
  return feedOfOutput(stdout ?? {}, output, from, known, deps);
}
