import { inventory as schema, messageOf, type HostState, type Inventory } from "@ostler/protocol";
import type { Publish } from "../../core/bus.js";
import type { Clock } from "../../core/clock.js";
import { newStop } from "../../core/stop.js";
import { runChild } from "../../platform/child.js";
import { environmentOf } from "../../platform/environment.js";
import { sendSignal } from "../../platform/tree-end.js";

export type InventoryDeps = {
  publish: Publish;
  clock: Clock;
  state: () => HostState;
  /** The file of the program that finds it out. */
  program: string;
  degraded: (reason: string) => void;
  recovered: () => void;
};

/** Long after everything that matters at a start. */
const firstMs = 30_000;
const everyMs = 60 * 60 * 1000;
const timeoutMs = 60_000;
const maxBytes = 256 * 1024;
/** `nobody`, as everywhere. */
const nobody = 65_534;

/** Finds out, now and then, what the host is made of, and tells it when it has changed. A program of its own does that. */
export class InventoryWatch implements AsyncDisposable {
  readonly #deps: InventoryDeps;
  readonly #end = newStop();
  readonly #done: Promise<void>;
  #failed = false;

  static start(deps: InventoryDeps): InventoryWatch {
    return new InventoryWatch(deps);
  }

  private constructor(deps: InventoryDeps) {
    this.#deps = deps;
    this.#done = this.#run(this.#end.signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    await this.#done;
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#deps;
    for (let waitMs = firstMs; !signal.aborted; waitMs = everyMs) {
      await clock.sleep(waitMs, signal);
      if (!signal.aborted) await this.#look(signal);
    }
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { publish, state, degraded, recovered } = this.#deps;
    try {
      const inventory = await this.#ask(signal);
      if (signal.aborted) return;
      if (this.#failed) recovered();
      this.#failed = false;
      if (JSON.stringify(inventory) !== JSON.stringify(state().host))
        publish({ type: "host.inventoried", data: { inventory } });
    } catch (failure) {
      if (signal.aborted) return;
      if (!this.#failed) degraded(`what the host is made of could not be found out: ${messageOf(failure)}`);
      this.#failed = true;
    }
  }

  /** @throws when the program fails, is too slow or says what is no inventory */
  async #ask(signal: AbortSignal): Promise<Inventory> {
    const spec = {
      command: commandOf(this.#deps.program),
      cwd: "/",
      env: environmentOf({}, process.env),
      keptBytes: maxBytes,
      endAll: ({ pid }: { pid: number }) => sendSignal(-pid, "SIGKILL"),
    };
    const end = await runChild(spec, AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]));
    if (!end.started) throw new Error(end.reason);
    if (end.stopped) throw new Error(`it took longer than ${timeoutMs / 1000} s`);
    if (end.exit.kind !== "code" || end.exit.code !== 0) throw new Error(end.stderr.text.trim().slice(0, 500));
    return schema.parse(JSON.parse(end.stdout.text));
  }
}

/** With the rights of nobody: what the host answers has been made to run as a command before. */
function commandOf(program: string): string[] {
  const node = [process.execPath, "--max-old-space-size=64", program];
  if (process.getuid?.() !== 0) return node;
  return ["setpriv", `--reuid=${nobody}`, `--regid=${nobody}`, "--clear-groups", "--no-new-privs", ...node];
}
