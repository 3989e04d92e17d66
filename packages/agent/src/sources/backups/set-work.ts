import { messageOf, OstlerError, own, type BackupDeed, type BackupState, type CommandData } from "@ostler/protocol";
import type { BackupConfig, BackupHook } from "../../config/backups.js";
import { bounded } from "../../core/bounded.js";
import type { Publish } from "../../core/bus.js";
import { compareBackupIds } from "../../core/backup/backup-id.js";
import type { Clock } from "../../core/clock.js";
import { literally } from "../../platform/archive/path-glob.js";
import { drill, type DrillDeps } from "./drill.js";
import type { Doing, Engine, FoundBackup, Made } from "./engine.js";
import { chosenOf, keptOf } from "./listing.js";
import type { OwnDirectory } from "./refuse-own.js";
import type { Rest } from "./rest.js";
import { placesOf, restoreIntoPlace, restoreTo, type Restored } from "./restore.js";
import { swapRecordOf } from "./swap-names.js";

/** A set of backups, by name. */
export type SetName = { service: string; backup: string };

/** What is worked on, and for whom. */
export type Work = { of: SetName; set: BackupConfig; engine: Engine; doing: Doing };

export type SetWorkDeps = {
  publish: Publish;
  clock: Clock;
  rest: Rest;
  /** What is known of the set. */
  known: (of: SetName) => BackupState | undefined;
  engineOf: (service: string, set: BackupConfig) => Engine;
  /** Runs the check of a drill. @throws OstlerError when it fails */
  runHook: (
    about: { service: string; name: string },
    hook: BackupHook,
    how: { env: Record<string, string>; cwd: string },
    signal: AbortSignal,
  ) => Promise<string>;
  /** Where drills take place. */
  drills: string;
  /** What stays free there. */
  minFreeBytes: () => number;
  /** Where it is written down what a restore has begun. */
  records: string;
  /** What no restore may replace. */
  ownDirectories: () => OwnDirectory[];
};

/** What can be done with the backups of one set. Each step tells when it has succeeded. */
export class SetWork {
  readonly #work: Work;
  readonly #deps: SetWorkDeps;

  constructor(work: Work, deps: SetWorkDeps) {
    this.#work = work;
    this.#deps = deps;
  }

  /** The backup that somebody means. @throws OstlerError `not-found` */
  async chosen(wanted: string): Promise<FoundBackup> {
    const { of, engine, doing } = this.#work;
    const { backups } = await engine.list(doing.signal);
    return chosenOf(backups, wanted, this.#deps.known(of), `${of.service}/${of.backup}`);
  }

  make(): Promise<Made> {
    const { of, set, engine, doing } = this.#work;
    const patience = { signal: doing.signal, timeoutMs: set.timeout };
    // Told at once: it is there also where the service does not come back.
    return this.#deps.rest.during(of, set, patience, (signal) => this.#make(engine, undefined, { ...doing, signal }));
  }

  async verify(id: string): Promise<CommandData<"backup.verify">> {
    const { of, engine, doing } = this.#work;
    const took = this.#watch();
    const done = await this.#noting(id, () => engine.verify(id, doing));
    this.#deps.publish({ type: "backup.verified", data: { ...of, id, ...done, tookMs: took() } });
    return { id, ...done };
  }

  /**
   * While the service runs again; those that have no copy yet come after it. What comes back is why it has none itself; that is told,
   * and the backup is there.
   */
  async copy(id: string): Promise<OstlerError | undefined> {
    const { engine, doing } = this.#work;
    if (!engine.copy) return undefined;
    try {
      await this.#copy(id, doing);
      await this.#copyOthers();
      return undefined;
    } catch (failure) {
      this.fail("copy", failure, id);
      const { code, message } = OstlerError.from(failure, "failed");
      return new OstlerError(code, `Backup ${id} was made; only its copy is missing. ${message}`, { cause: failure });
    }
  }

  async prune(dryRun: boolean): Promise<CommandData<"backup.prune">> {
    const { of, set, engine, doing } = this.#work;
    const { publish, clock, known } = this.#deps;
    const { backups } = await engine.list(doing.signal);
    const { keep, remove } = keptOf(backups, known(of), set.keep, clock.now());
    if (dryRun) return { kept: keep, removed: remove, freedBytes: 0 };
    const freedBytes = remove.length > 0 ? await engine.remove(remove, doing) : 0;
    publish({ type: "backup.pruned", data: { ...of, removed: remove, kept: keep.length, freedBytes } });
    await this.#pruneCopies(backups.filter(({ id }) => !remove.includes(id)));
    return { kept: keep, removed: remove, freedBytes };
  }

  async drill(found: FoundBackup): Promise<CommandData<"backup.drill">> {
    const { of, set, engine, doing } = this.#work;
    const { id } = found;
    const { publish, drills: directory, minFreeBytes, runHook } = this.#deps;
    const took = this.#watch();
    const about = { service: of.service, name: `${of.backup}-drill` };
    const check: DrillDeps["check"] = (hook, env, cwd, signal) => runHook(about, hook, { env, cwd }, signal);
    const its: DrillDeps = { directory, minFreeBytes: minFreeBytes(), check };
    const done = await this.#noting(id, () => drill(engine, found, set.drill?.check, its, doing));
    const { files, bytes: restored, checked } = done;
    publish({ type: "backup.drilled", data: { ...of, id, files, bytes: restored, checked, tookMs: took() } });
    return { id, ...done };
  }

  async restoreTo(id: string, to: string, only: readonly string[] | undefined): Promise<Restored> {
    const { engine, doing } = this.#work;
    return this.#restored(id, to, () => restoreTo(engine, id, to, only, doing));
  }

  /** `isToStop`: the service may be stopped for it. */
  async restoreIntoPlace(id: string, only: readonly string[] | undefined, isToStop: boolean): Promise<Restored> {
    const { of, set, engine, doing } = this.#work;
    const { rest, records, ownDirectories } = this.#deps;
    return this.#restored(id, undefined, async () => {
      const places = await placesOf(engine, id, only, ownDirectories(), doing.signal);
      return rest.whileStopped(of, isToStop, { signal: doing.signal, timeoutMs: set.timeout }, (signal) => {
        const its = { ...doing, signal };
        const safety = (): Promise<Made> => this.#makeSafety(id, places, its);
        const how = { record: swapRecordOf(records, of), exclude: set.exclude, safety };
        return restoreIntoPlace(engine, id, places, how, its);
      });
    });
  }

  fail(doing: BackupDeed, failure: unknown, id?: string): void {
    const about = { ...this.#work.of, ...(id === undefined ? {} : { id }) };
    this.#deps.publish({ type: "backup.failed", data: { ...about, doing, reason: messageOf(failure) } });
  }

  async #copy(id: string, doing: Doing): Promise<void> {
    const { of, engine } = this.#work;
    const took = this.#watch();
    const done = await this.#noting(id, async () => engine.copy?.(id, doing));
    if (done) this.#deps.publish({ type: "backup.copied", data: { ...of, id, ...done, tookMs: took() } });
  }

  /** What was made while the second disk was away, newest first, for as long as one may take. A failure is told, and is none of the new copy. */
  async #copyOthers(): Promise<void> {
    const { of, set, engine, doing } = this.#work;
    const { known, clock } = this.#deps;
    const what = `Copying the backups of ${of.service}/${of.backup} that had no copy`;
    let at: string | undefined;
    try {
      await bounded({ what, withinMs: set.timeout, signal: doing.signal, clock }, async (signal) => {
        for (const id of (await engine.uncopied?.(signal)) ?? []) {
          if (own(known(of)?.damaged ?? {}, id) !== undefined) continue;
          at = id;
          await this.#copy(id, { ...doing, signal });
        }
      });
    } catch (failure) {
      this.fail("copy", failure, at);
    }
  }

  /**
   * Copies whose backups went while the second disk was away. What `keep` would keep of both together stays: a first directory that
   * is new, or not mounted, costs no copy.
   */
  async #pruneCopies(kept: readonly FoundBackup[]): Promise<void> {
    const { of, set, engine, doing } = this.#work;
    const { clock, known } = this.#deps;
    const chosen = (strays: readonly FoundBackup[]): string[] => {
      const ids = new Set(strays.map(({ id }) => id));
      const all = [...kept, ...strays].toSorted((a, b) => compareBackupIds(b.id, a.id));
      return keptOf(all, known(of), set.keep, clock.now()).remove.filter((id) => ids.has(id));
    };
    await engine.removeStrays?.(chosen, doing).catch((failure: unknown) => this.fail("prune", failure));
  }

  async #restored(id: string, to: string | undefined, restore: () => Promise<Restored>): Promise<Restored> {
    const took = this.#watch();
    const done = await this.#noting(id, restore);
    const about = { ...this.#work.of, id, ...(to === undefined ? {} : { to }) };
    this.#deps.publish({ type: "backup.restored", data: { ...about, ...done, tookMs: took() } });
    return done;
  }

  /** Of what is there, whatever is missing, and at rest already; also of what the set had when the backup was made. */
  #makeSafety(id: string, places: readonly string[], doing: Doing): Promise<Made> {
    const { of, set } = this.#work;
    const paths = [...set.paths, ...places.map(literally)];
    const engine = this.#deps.engineOf(of.service, { ...set, paths, required: [] });
    return this.#make(engine, `before the restore of ${id}`, doing);
  }

  async #make(engine: Engine, note: string | undefined, doing: Doing): Promise<Made> {
    const { of, set } = this.#work;
    const took = this.#watch();
    const made = await engine.create(note, doing);
    const { id, files, bytes, storedBytes, flaws } = made;
    const copyTo = note === undefined ? set.copy_to?.dir : undefined;
    const about = { ...of, id, engine: engine.kind, ...(note === undefined ? {} : { note }) };
    const told = { ...about, files, bytes, storedBytes, flaws, ...(copyTo === undefined ? {} : { copyTo }) };
    this.#deps.publish({ type: "backup.created", data: { ...told, tookMs: took() } });
    return made;
  }

  /** Whoever finds a backup damaged tells, whatever it was read for. */
  async #noting<T>(id: string, call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (failure) {
      if (isDamage(failure))
        this.#deps.publish({ type: "backup.damaged", data: { ...this.#work.of, id, reason: messageOf(failure) } });
      throw failure;
    }
  }

  /** Tells how many milliseconds have passed. */
  #watch(): () => number {
    const { clock } = this.#deps;
    const startedMs = clock.monotonic();
    return () => Math.round(clock.monotonic() - startedMs);
  }
}

function isDamage(failure: unknown): boolean {
  return failure instanceof OstlerError && (failure.data as { code?: string } | undefined)?.code === "damaged";
}
