import {
  messageOf,
  notFound,
  OstlerError,
  own,
  type BackupDeed,
  type BackupState,
  type CommandData,
} from "@ostler/protocol";
import type { BackupConfig } from "../../config/backups.js";
import type { ServiceConfig } from "../../config/services.js";
import { compareBackupIds } from "../../core/backup/backup-id.js";
import type { Prepared } from "../../core/assembly.js";
import type { Publish } from "../../core/bus.js";
import { newStop } from "../../core/stop.js";
import { unlessAborted } from "../../core/unless-aborted.js";
import { literally } from "../../platform/archive/path-glob.js";
import { boundedEngine } from "./bounded-engine.js";
import { drill, type DrillDeps } from "./drill.js";
import type { Doing, Engine, FoundBackup, Made } from "./engine.js";
import { chosenOf, keptOf, listedBy, type Listing } from "./listing.js";
import { Rest, type RestDeps } from "./rest.js";
import type { OwnDirectory } from "./refuse-own.js";
import { placesOf, restoreIntoPlace, restoreTo } from "./restore.js";
import { Recovering } from "./recover.js";
import { swapRecordOf } from "./swap-record.js";
import { tellingProgress } from "./telling.js";

type Services = Readonly<Record<string, ServiceConfig>>;
type Set_ = { service: string; backup: string };

export type BackupsDeps = Omit<RestDeps, "setOf" | "stopped"> & {
  publish: Publish;
  services: () => Services;
  engineOf: (service: string, set: BackupConfig) => Engine;
  /** Where drills take place. */
  drills: string;
  /** What no restore may replace. */
  ownDirectories: () => OwnDirectory[];
};

/** Makes, verifies, restores, proves and removes the backups of all services, one thing at a time for each service. */
export class Backups implements AsyncDisposable {
  readonly #deps: BackupsDeps;
  readonly #rest: Rest;
  /** What a killed agent has left; with a service nothing begins before it was tried to clean that up. */
  readonly #left: Recovering;
  readonly #stop = newStop();

  /** Cleans up first what an agent before this one has left half done. Never rejects. */
  static start(deps: BackupsDeps): Backups {
    return new Backups(deps);
  }

  private constructor(deps: BackupsDeps) {
    this.#deps = deps;
    this.#rest = new Rest({ ...deps, stopped: this.#stop.signal, setOf: (of) => this.#findSet(of) });
    this.#left = this.#recover();
  }

  /** What is being done is withdrawn by whoever sent it; what a killed agent has left stays for the next one, if it has to. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#left[Symbol.asyncDispose]();
  }

  /** Sets that are gone are forgotten; their backups stay where they are. */
  prepare(services: Services): Prepared {
    const commit = async (): Promise<void> => {
      for (const [service, { backups = {} }] of Object.entries(this.#deps.state().services))
        for (const backup of Object.keys(backups))
          if (!own(services, service)?.backups.some(({ name }) => name === backup))
            this.#deps.publish({ type: "backup.removed", data: { service, backup } });
    };
    return { commit, discard: async () => {} };
  }

  /** Of all services, or of one; newest first. */
  async list(service: string | undefined, signal: AbortSignal): Promise<Listing> {
    const services = Object.entries(this.#deps.services()).filter(
      ([name]) => service === undefined || name === service,
    );
    const sets = services.flatMap(([name, { backups }]) => backups.map((set) => [name, set] as const));
    const all = await Promise.all(
      sets.map(([name, set]) => {
        const its = this.#stateOf({ service: name, backup: set.name });
        return listedBy(this.#engineOf(name, set), `${name}/${set.name}`, its, signal);
      }),
    );
    const backups = all.flatMap((one) => one.backups).sort((a, b) => compareBackupIds(b.id, a.id));
    return { backups, problems: all.flatMap(({ problems }) => problems) };
  }

  /** Makes a backup; then it is verified, and those that are not to be kept are removed. */
  async create(of: Set_, signal: AbortSignal): Promise<CommandData<"backup.create">> {
    const { made, uncopied } = await this.#doing(of, "create", signal, async (set, engine, doing) => {
      const { id, files, bytes, storedBytes, flaws } = await this.#make(of, set, engine, undefined, doing);
      if (set.verify.after) await this.#verify(of, engine, id, doing);
      const failed = await this.#copy(of, engine, id, doing);
      // What is not removed now will be next time; a failure is told, and the backup is there.
      await this.#prune(of, set, engine, false, doing).catch((failure: unknown) => this.#fail(of, "prune", failure));
      return { made: { id, files, bytes, storedBytes, flaws }, uncopied: failed };
    });
    if (uncopied) throw uncopied; // Here, where it does not tell that no backup was made.
    return made;
  }

  verify(of: Set_, id: string, signal: AbortSignal): Promise<CommandData<"backup.verify">> {
    return this.#doing(of, "verify", signal, async (_, engine, doing) => {
      const chosen = await this.#chosen(of, engine, id, signal);
      return this.#verify(of, engine, chosen.id, doing);
    });
  }

  async prune(of: Set_, dryRun: boolean, signal: AbortSignal): Promise<CommandData<"backup.prune">> {
    const set = this.#setOf(of);
    const engine = this.#engineOf(of.service, set);
    if (dryRun) return this.#prune(of, set, engine, true, { signal, progress: () => undefined });
    return this.#doing(of, "prune", signal, (its, by, doing) => this.#prune(of, its, by, false, doing));
  }

  drill(of: Set_, id: string, signal: AbortSignal): Promise<CommandData<"backup.drill">> {
    return this.#doing(of, "drill", signal, async (set, engine, doing) => {
      const { publish, clock, drills, runHook } = this.#deps;
      const startedMs = clock.monotonic();
      const { id: chosen, size: bytes } = await this.#chosen(of, engine, id, signal);
      const about = { service: of.service, name: `${of.backup}-drill` };
      const check: DrillDeps["check"] = (hook, env, cwd, its) => runHook(about, hook, { env, cwd }, its);
      const done = await this.#noting(of, chosen, () =>
        drill(engine, chosen, { hook: set.drill?.check, bytes }, { directory: drills, check }, doing),
      );
      const { files, checked } = done;
      const tookMs = Math.round(clock.monotonic() - startedMs);
      publish({ type: "backup.drilled", data: { ...of, id: chosen, files, bytes: done.bytes, checked, tookMs } });
      return { id: chosen, ...done };
    });
  }

  restore(
    of: Set_,
    { id, to, only, stop }: { id: string; to?: string | undefined; only?: string[] | undefined; stop: boolean },
    signal: AbortSignal,
  ): Promise<CommandData<"backup.restore">> {
    return this.#doing(of, "restore", signal, async (set, engine, doing) => {
      const { publish, clock } = this.#deps;
      const startedMs = clock.monotonic();
      const { id: chosen } = await this.#chosen(of, engine, id, signal);
      const done = await this.#noting(of, chosen, async () => {
        if (to !== undefined) return restoreTo(engine, chosen, to, only, doing);
        const places = await placesOf(engine, chosen, only, this.#deps.ownDirectories(), signal);
        return this.#rest.whileStopped(of, stop, { signal, timeoutMs: set.timeout }, (its) => {
          const within = { ...doing, signal: its };
          const record = swapRecordOf(this.#deps.records, of);
          const safety = (): Promise<Made> => this.#makeSafety(of, set, { id: chosen, places }, within);
          return restoreIntoPlace(engine, chosen, places, { record, exclude: set.exclude, safety }, within);
        });
      });
      const { files, bytes, safety, kept } = done;
      const tookMs = Math.round(clock.monotonic() - startedMs);
      const rest = { files, bytes, ...(safety === undefined ? {} : { safety }), kept };
      publish({
        type: "backup.restored",
        data: { ...of, id: chosen, ...(to === undefined ? {} : { to }), ...rest, tookMs },
      });
      return { id: chosen, ...rest };
    });
  }

  #recover(): Recovering {
    const engines = Object.entries(this.#deps.services()).flatMap(([service, { backups }]) =>
      backups.map((set) => () => this.#engineOf(service, set)),
    );
    return Recovering.start({ ...this.#deps, rest: this.#rest, engines, signal: this.#stop.signal });
  }

  /** Says that it begins, how far it is and, where it fails, why. */
  async #doing<T>(
    of: Set_,
    doing: BackupDeed,
    signal: AbortSignal,
    call: (set: BackupConfig, engine: Engine, doing: Doing) => Promise<T>,
  ): Promise<T> {
    await unlessAborted(this.#left.tried(of.service), signal, `Waiting for what was left of ${of.service}`);
    const set = this.#setOf(of);
    const { publish } = this.#deps;
    publish({ type: "backup.began", data: { ...of, doing, ...(doing === "create" ? { mode: set.mode } : {}) } });
    try {
      const progress = tellingProgress({ ...of, doing }, this.#deps);
      return await call(set, this.#engineOf(of.service, set), { signal, progress });
    } catch (failure) {
      this.#fail(of, doing, failure);
      throw failure;
    }
  }

  /** `isQuiesced`: false while it is at rest anyway. */
  async #make(
    of: Set_,
    set: BackupConfig,
    engine: Engine,
    note: string | undefined,
    { signal, progress }: Doing,
    isQuiesced = true,
  ): Promise<Made> {
    const { publish, clock } = this.#deps;
    const startedMs = clock.monotonic();
    // Told at once: it is there also where the service does not come back.
    const make = async (its: AbortSignal): Promise<Made> => {
      const made = await engine.create(note, { signal: its, progress });
      const tookMs = Math.round(clock.monotonic() - startedMs);
      const { id, files, bytes, storedBytes, flaws } = made;
      const told = { id, files, bytes, storedBytes, flaws, ...(set.copy_to ? { copyTo: set.copy_to.dir } : {}) };
      publish({ type: "backup.created", data: { ...of, engine: engine.kind, ...told, tookMs } });
      return made;
    };
    return isQuiesced ? this.#rest.during(of, set, { signal, timeoutMs: set.timeout }, make) : make(signal);
  }

  /** Of what is there, whatever is missing, and at rest already; also of what the set had when the backup was made. */
  #makeSafety(
    of: Set_,
    set: BackupConfig,
    { id, places }: { id: string; places: readonly string[] },
    doing: Doing,
  ): Promise<Made> {
    const paths = [...set.paths, ...places.map(literally)];
    const engine = this.#engineOf(of.service, { ...set, paths, required: [] });
    return this.#make(of, set, engine, `before the restore of ${id}`, doing, false);
  }

  /** While the service runs again. What comes back is why there is no copy; that is told, and the backup is there. */
  async #copy(of: Set_, engine: Engine, id: string, doing: Doing): Promise<OstlerError | undefined> {
    const { publish, clock } = this.#deps;
    const { copy } = engine;
    if (!copy) return undefined;
    const startedMs = clock.monotonic();
    try {
      const done = await this.#noting(of, id, () => copy(id, doing));
      const tookMs = Math.round(clock.monotonic() - startedMs);
      publish({ type: "backup.copied", data: { ...of, id, ...done, tookMs } });
      return undefined;
    } catch (failure) {
      this.#fail(of, "copy", failure, id);
      const { code, message } = OstlerError.from(failure, "failed");
      return new OstlerError(code, `Backup ${id} was made; only its copy is missing. ${message}`, { cause: failure });
    }
  }

  async #verify(of: Set_, engine: Engine, id: string, doing: Doing): Promise<CommandData<"backup.verify">> {
    const { publish, clock } = this.#deps;
    const startedMs = clock.monotonic();
    const done = await this.#noting(of, id, () => engine.verify(id, doing));
    const tookMs = Math.round(clock.monotonic() - startedMs);
    publish({ type: "backup.verified", data: { ...of, id, ...done, tookMs } });
    return { id, ...done };
  }

  /** Whoever finds a backup damaged tells, whatever it was read for. */
  async #noting<T>(of: Set_, id: string, call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (failure) {
      if (isDamage(failure))
        this.#deps.publish({ type: "backup.damaged", data: { ...of, id, reason: messageOf(failure) } });
      throw failure;
    }
  }

  async #chosen(of: Set_, engine: Engine, wanted: string, signal: AbortSignal): Promise<FoundBackup> {
    const { backups } = await engine.list(signal);
    return chosenOf(backups, wanted, this.#stateOf(of), `${of.service}/${of.backup}`);
  }

  async #prune(
    of: Set_,
    set: BackupConfig,
    engine: Engine,
    dryRun: boolean,
    doing: Doing,
  ): Promise<CommandData<"backup.prune">> {
    const { publish, clock } = this.#deps;
    const { backups } = await engine.list(doing.signal);
    const { keep, remove } = keptOf(backups, this.#stateOf(of), set.keep, clock.now());
    if (dryRun) return { kept: keep, removed: remove, freedBytes: 0 };
    const freedBytes = remove.length > 0 ? await engine.remove(remove, doing) : 0;
    publish({ type: "backup.pruned", data: { ...of, removed: remove, kept: keep.length, freedBytes } });
    return { kept: keep, removed: remove, freedBytes };
  }

  #engineOf(service: string, set: BackupConfig): Engine {
    const { engineOf, clock } = this.#deps;
    return boundedEngine(engineOf(service, set), `${service}/${set.name}`, { withinMs: set.timeout, clock });
  }

  #stateOf({ service, backup }: Set_): BackupState | undefined {
    return own(own(this.#deps.state().services, service)?.backups ?? {}, backup);
  }

  #setOf({ service, backup }: Set_): BackupConfig {
    const services = this.#deps.services();
    const its = own(services, service);
    if (!its) throw notFound("service", service, Object.keys(services));
    const set = this.#findSet({ service, backup });
    if (set) return set;
    throw notFound(
      `set of backups of ${service}`,
      backup,
      its.backups.map(({ name }) => name),
    );
  }

  #findSet({ service, backup }: Set_): BackupConfig | undefined {
    return own(this.#deps.services(), service)?.backups.find(({ name }) => name === backup);
  }

  #fail(of: Set_, doing: BackupDeed, failure: unknown, id?: string): void {
    const about = id === undefined ? of : { ...of, id };
    this.#deps.publish({ type: "backup.failed", data: { ...about, doing, reason: messageOf(failure) } });
  }
}

function isDamage(failure: unknown): boolean {
  return failure instanceof OstlerError && (failure.data as { code?: string } | undefined)?.code === "damaged";
}
