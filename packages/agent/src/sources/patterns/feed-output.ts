import { basename, join } from "node:path";
import type { LogSource } from "../../config/logs/log-source.js";
import { literally } from "../../platform/follow/glob.js";
import { spoolOf } from "../../platform/spool.js";
import type { Origin } from "./chunk.js";
import type { FeedDeps, Known, Output } from "./feed-deps.js";
import { follow } from "./feed-files.js";

type Wanted = NonNullable<LogSource["stdout"]>;

/** What the processes of a service write to their stdout and stderr. Where they have just been started it is read from its beginning. */
export function feedOfOutput(
  { process: only, stream }: Wanted,
  { service, spools, spoolsBefore }: Output,
  from: LogSource["from"],
  known: Known,
  deps: FeedDeps,
): AsyncDisposable {
  // An instance has its number behind the name; a name that only begins so is that of another process.
  const processes = only === undefined ? ["*"] : [only, `${only}@*`];
  const globs = processes.map((process) => join(literally(spools), `${service}.${process}.${stream ?? "*"}`));
  const originOf = (path: string): Origin => {
    const its = spoolOf(basename(path));
    return its ? { process: its.process, stream: its.stream } : {};
  };
  return follow(
    globs,
    { known: { ...known, globs }, from: (path) => (spoolsBefore.has(path) ? from : "beginning"), originOf },
    deps,
  );
}
