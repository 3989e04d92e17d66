import {
  isHostEvent,
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
import { AtOnce, type Turn } from "../../core/at-once.js";
import type { Published } from "../../core/bus.js";
import { newStop } from "../../core/stop.js";
import { unlessAborted } from "../../core/unless-aborted.js";
import { boundedEngine } from "./bounded-engine.js";
import type { Doing, Engine } from "./engine.js";
import { listedBy, type Listing } from "./listing.js";
import { Recovering } from "./recover.js";
import { Rest, type RestDeps } from "./rest.js";
import { SetWork, type SetName, type SetWorkDeps } from "./set-work.js";
import { tellingProgress } from "./telling.js";

type Services = Readonly<Record<string, ServiceConfig>>;

export type BackupsDeps = Omit<RestDeps, "setOf" | "stopped"> &
  Omit<SetWorkDeps, "rest" | "known" | "runHook"> & { services: () => Services };

/** So many backups are worked on at a time, restores not counted: more would only be slower. The others wait. */
const maxAtOnce = 4;
const noTurn: Turn = { [Symbol.dispose]: () => undefined };

/** Makes, verifies, restores, proves and removes the backups of all services, one thing at a time for each service. */
export class Backups implements AsyncDisposable {
  readonly #deps: BackupsDeps;
  readonly #rest: Rest;
  /** What a killed agent has left; with a service nothing begins before it was tried to clean that up. */
  readonly #left: Recovering;
  readonly #turns = new AtOnce(maxAtOnce);
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

  /** What somebody stops is not started by what comes back from a backup later. */
  readonly follow = ({ event }: Published): void => {
    if (!isHostEvent(event) || event.type !== "command.accepted" || event.data.name !== "service.stop") return;
    const { service, process } = event.data.args as { service: string; process?: string };
    this.#rest.heedStop(service, process);
  };

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
        const its = this.#knownOf({ service: name, backup: set.name });
        return listedBy(this.#engineOf(name, set), `${name}/${set.name}`, its, signal);
      }),
    );
    const backups = all.flatMap((one) => one.backups).sort((a, b) => compareBackupIds(b.id, a.id));
    return { backups, problems: all.flatMap(({ problems }) => problems) };
  }

  /** Makes a backup; then it is verified and copied, and those that are not to be kept are removed. */
  async create(of: SetName, signal: AbortSignal): Promise<CommandData<"backup.create">> {
    const { made, uncopied } = await this.#doing(of, "create", signal, async (work, set, turn) => {
      const { id, files, bytes, storedBytes, flaws } = await work.make();
      // What cannot be read is not copied, and nothing is removed because of it.
      if (set.verify.after) await work.verify(id).catch((failure: unknown) => Promise.reject(unverified(id, failure)));
      turn[Symbol.dispose](); // A second disk that hangs holds up nobody else.
      const failed = await work.copy(id);
      // What is not removed now will be next time; a failure is told, and the backup is there.
      await work.prune(false).catch((failure: unknown) => work.fail("prune", failure));
      return { made: { id, files, bytes, storedBytes, flaws }, uncopied: failed };
    });
    if (uncopied) throw uncopied; // Here, where it does not tell that no backup was made.
    return made;
  }

  verify(of: SetName, id: string, signal: AbortSignal): Promise<CommandData<"backup.verify">> {
    return this.#doing(of, "verify", signal, async (work) => work.verify((await work.chosen(id)).id));
  }

  async prune(of: SetName, dryRun: boolean, signal: AbortSignal): Promise<CommandData<"backup.prune">> {
    if (dryRun) return this.#workOn(of, { signal, progress: () => undefined }).prune(true);
    return this.#doing(of, "prune", signal, (work) => work.prune(false));
  }

  drill(of: SetName, id: string, signal: AbortSignal): Promise<CommandData<"backup.drill">> {
    return this.#doing(of, "drill", signal, async (work) => work.drill(await work.chosen(id)));
  }

  restore(
    of: SetName,
    { id, to, only, stop }: { id: string; to?: string | undefined; only?: string[] | undefined; stop: boolean },
    signal: AbortSignal,
  ): Promise<CommandData<"backup.restore">> {
    return this.#doing(of, "restore", signal, async (work) => {
      const { id: chosen } = await work.chosen(id);
      const done = await (to === undefined
        ? work.restoreIntoPlace(chosen, only, stop)
        : work.restoreTo(chosen, to, only));
      return { id: chosen, ...done };
    });
  }

  #recover(): Recovering {
    const engines = Object.entries(this.#deps.services()).flatMap(([service, { backups }]) =>
      backups.map((set) => ({ service, engine: () => this.#engineOf(service, set) })),
    );
    return Recovering.start({ ...this.#deps, rest: this.#rest, engines, signal: this.#stop.signal });
  }

  /** Says that it begins, how far it is and, where it fails, why. */
  async #doing<T>(
    of: SetName,
    doing: BackupDeed,
    signal: AbortSignal,
    call: (work: SetWork, set: BackupConfig, turn: Turn) => Promise<T>,
  ): Promise<T> {
    await unlessAborted(this.#left.tried(of.service), signal, `Waiting for what was left of ${of.service}`);
    // Whoever restores is in need, and waits for nobody's nightly backup.
    using turn =
      doing === "restore" ? noTurn : await this.#turns.enter("Waiting for other backups of the host", signal);
    const set = this.#setOf(of);
    const { publish } = this.#deps;
    publish({ type: "backup.began", data: { ...of, doing, ...(doing === "create" ? { mode: set.mode } : {}) } });
    const work = this.#workOn(of, { signal, progress: tellingProgress({ ...of, doing }, this.#deps) });
    try {
      return await call(work, set, turn);
    } catch (failure) {
      work.fail(doing, failure);
      throw failure;
    }
  }

  #workOn(of: SetName, doing: Doing): SetWork {
    const set = this.#setOf(of);
    const engineOf = this.#engineOf.bind(this);
    const known = (its: SetName): BackupState | undefined => this.#knownOf(its);
    return new SetWork(
      { of, set, engine: engineOf(of.service, set), doing },
      { ...this.#deps, rest: this.#rest, engineOf, known },
    );
  }

  #engineOf(service: string, set: BackupConfig): Engine {
    const { engineOf, clock } = this.#deps;
    return boundedEngine(engineOf(service, set), `${service}/${set.name}`, { withinMs: set.timeout, clock });
  }

  #knownOf({ service, backup }: SetName): BackupState | undefined {
    return own(own(this.#deps.state().services, service)?.backups ?? {}, backup);
  }

  #setOf({ service, backup }: SetName): BackupConfig {
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

  #findSet({ service, backup }: SetName): BackupConfig | undefined {
    return own(this.#deps.services(), service)?.backups.find(({ name }) => name === backup);
  }
}

function unverified(id: string, failure: unknown): OstlerError {
  const { code, message, data } = OstlerError.from(failure, "failed");
  const said = `Backup ${id} was made, but could not be verified; it was not copied, and no other was removed. ${message}`;
  return new OstlerError(code, said, { cause: failure, data });
}
