import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { messageOf, type HostState } from "@ostler/protocol";
import type { Publish } from "../../core/bus.js";
import { cleanDrills } from "./drill.js";
import type { Engine } from "./engine.js";
import type { Recovery } from "./quiesce.js";
import type { Rest } from "./rest.js";
import { recoverSwap } from "./swap.js";
import { setOfSwapRecord } from "./swap-names.js";
import { swappedInWords } from "./swap-record.js";

export type RecoverDeps = {
  publish: Publish;
  state: () => HostState;
  degraded: (part: string, reason: string) => void;
  records: string;
  drills: string;
  rest: Pick<Rest, "recover">;
  engines: readonly { service: string; engine: () => Pick<Engine, "clean"> }[];
  /** When the agent ends, what could not be brought back is left to the next one. */
  signal: AbortSignal;
};

/**
 * Undoes or completes what an agent before this one has left half done, and tells that. What is at rest is brought back service by
 * service, as long as that takes: one that does not come back holds up nobody else, nor does a disk that hangs.
 */
export class Recovering implements AsyncDisposable {
  readonly #deps: RecoverDeps;
  /** What was found at rest, when what a restore has left half done is undone. */
  readonly #begun: Promise<readonly Recovery[]>;
  /** By service: what was left where its backups are. At the end nobody waits for that: it harms none who comes later. */
  readonly #cleaned = new Map<string, Promise<unknown>>();

  static start(deps: RecoverDeps): Recovering {
    return new Recovering(deps);
  }

  private constructor(deps: RecoverDeps) {
    this.#deps = deps;
    this.#begun = this.#begin();
    for (const { service, engine } of deps.engines) {
      const cleaned = this.#begun.then(() => clean(engine, deps.signal));
      this.#cleaned.set(service, Promise.all([this.#cleaned.get(service), cleaned]));
    }
  }

  /** Resolves when all that was left of a service was tried to be brought back, and cleaned up, once. Never rejects. */
  async tried(service: string): Promise<void> {
    const its = (await this.#begun).filter(({ record }) => record.service === service);
    await Promise.all([this.#cleaned.get(service), ...its.map(({ tried }) => tried)]);
  }

  /** To be called when the signal has aborted. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all((await this.#begun).map(({ ended }) => ended));
  }

  async #begin(): Promise<Recovery[]> {
    const { rest, drills, signal } = this.#deps;
    const recoveries = await this.#trying("what was at rest", async () => {
      const found = await rest.recover(signal);
      for (const problem of found.problems) this.#deps.degraded("backups: what was at rest", problem);
      return found.recoveries;
    });
    const found = recoveries ?? [];
    const undone = await this.#trying("restores", () => this.#recoverSwaps(found));
    await this.#trying("drills", () => cleanDrills(drills));
    this.#tellInterrupted(found, undone ?? new Map());
    return found;
  }

  /** Of sets that are not at rest: else that is the first thing that is done before they come back. */
  async #recoverSwaps(recoveries: readonly Recovery[]): Promise<Map<string, string>> {
    const { records } = this.#deps;
    const undone = new Map<string, string>();
    for (const file of await readdir(records).catch(() => [])) {
      const of = setOfSwapRecord(file);
      if (!of || recoveries.some(({ record: its }) => its.service === of.service && its.name === of.backup)) continue;
      const name = `${of.service}/${of.backup}`;
      const swap = await this.#trying(`restore of ${name}`, () => recoverSwap(join(records, file)));
      if (swap) undone.set(name, swappedInWords(swap));
    }
    return undone;
  }

  #tellInterrupted(recoveries: readonly Recovery[], swapped: ReadonlyMap<string, string>): void {
    const { publish, state } = this.#deps;
    for (const [service, { backups = {} }] of Object.entries(state().services))
      for (const [backup, { running }] of Object.entries(backups)) {
        if (!running) continue;
        const { doing } = running;
        const tell = (undone: string[]): unknown =>
          publish({ type: "backup.interrupted", data: { service, backup, doing, undone } });
        const swap = swapped.get(`${service}/${backup}`);
        const its = recoveries.find(({ record }) => record.service === service && record.name === backup);
        if (its) void its.tried.then(tell);
        else tell(swap === undefined ? [] : [swap]);
      }
  }

  /** What cannot be recovered is told, and tried again by the next agent. */
  async #trying<T>(part: string, call: () => Promise<T>): Promise<T | undefined> {
    try {
      return await call();
    } catch (failure) {
      this.#deps.degraded(`backups: ${part}`, messageOf(failure));
      return undefined;
    }
  }
}

/** The next backup of the set tells what is wrong there. */
async function clean(engine: () => Pick<Engine, "clean">, signal: AbortSignal): Promise<void> {
  try {
    await engine().clean(signal);
  } catch {
    return;
  }
}
