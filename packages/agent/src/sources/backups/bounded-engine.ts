import { bounded } from "../../core/bounded.js";
import type { Clock } from "../../core/clock.js";
import type { Doing, Engine } from "./engine.js";

/** What a killed agent has left is looked for no longer than this: what comes next does so again. */
const cleanMs = 30_000;

/** An engine that gives up whatever takes longer, with `timed-out`. `set` names whose it is. */
export function boundedEngine(
  engine: Engine,
  set: string,
  { withinMs, clock }: { withinMs: number; clock: Clock },
): Engine {
  const within = <T>(
    what: string,
    signal: AbortSignal,
    call: (signal: AbortSignal) => Promise<T>,
    ms = withinMs,
  ): Promise<T> => bounded({ what: `${what} of ${set}`, withinMs: ms, signal, clock }, call);
  const doing = <T>(what: string, { signal, progress }: Doing, call: (doing: Doing) => Promise<T>): Promise<T> =>
    within(what, signal, (its) => call({ signal: its, progress }));
  const { copy, uncopied, removeStrays } = engine;
  return {
    kind: engine.kind,
    create: (note, its) => doing("Making a backup", its, (own) => engine.create(note, own)),
    ...(copy ? { copy: (id, its) => doing("Copying a backup", its, (own) => copy(id, own)) } : {}),
    ...(uncopied ? { uncopied: (signal) => within("Looking for copies", signal, (own) => uncopied(own)) } : {}),
    ...(removeStrays
      ? { removeStrays: (chosen, its) => doing("Removing copies", its, (own) => removeStrays(chosen, own)) }
      : {}),
    list: (signal) => within("Listing the backups", signal, (own) => engine.list(own)),
    verify: (id, its) => doing("Verifying a backup", its, (own) => engine.verify(id, own)),
    rootsOf: (id, only, signal) => within("Looking into a backup", signal, (own) => engine.rootsOf(id, only, own)),
    extract: (id, into, only, its) => doing("Extracting a backup", its, (own) => engine.extract(id, into, only, own)),
    remove: (ids, its) => doing("Removing backups", its, (own) => engine.remove(ids, own)),
    clean: (signal) => within("Cleaning up", signal, (own) => engine.clean(own), cleanMs),
  };
}
