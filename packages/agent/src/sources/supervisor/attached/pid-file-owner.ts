import { readFile, stat } from "node:fs/promises";
import { messageOf, OstlerError } from "@ostler/protocol";
import type { OwnerConfig } from "../../../config/attach.js";
import { isAlive, statOf, uptimeMsOf, type Identity } from "../../../platform/proc.js";
import { treeOf } from "../../../platform/tree.js";
import type { Slot } from "../records.js";
import type { Action, Owner } from "./owner.js";
import { runOwnerCommand, type OwnerCommandDeps } from "./owner-command.js";
import { judgePidFile, type Found, type PidFile } from "./pid-file.js";
import type { End, Sight } from "./sight.js";

type Config = Extract<OwnerConfig, { owner: "pid-file" }>;

/** A file that is being written, or removed after its process, is odd for a moment; so long it is nobody's business. */
const oddMs = 800;

/** How often a process that was asked to end is looked for. */
const lookMs = 50;

/** The file is looked at this often: it is one small file. */
const everyMs = 900;

/** A process that leaves its pid in a file, with commands for what can be done about it. */
export class PidFileOwner implements Owner {
  readonly name = "its owner";
  readonly #slot: Slot;
  readonly #config: Config;
  readonly #deps: OwnerCommandDeps;
  #seen: Identity | undefined;
  #odd: { reason: string; sinceMs: number } | undefined;

  constructor(slot: Slot, config: Config, deps: OwnerCommandDeps) {
    this.#slot = slot;
    this.#config = config;
    this.#deps = deps;
  }

  get settleMs(): number {
    return this.#config.timeout;
  }

  async see(known: Identity | undefined): Promise<Sight> {
    const file = await this.#look(known);
    if (file.is !== "running" && known && isAlive(known)) return { is: "unsure" }; // It runs, whatever became of its file.
    if (file.is === "running" || file.is === "missing") this.#odd = undefined;
    switch (file.is) {
      case "running":
        this.#seen = file.identity;
        return { is: "running", identity: file.identity, restarts: 0 };
      case "missing":
        return { is: "stopped" };
      case "stale":
        return this.#isOdd(file.reason) ? { is: "failed", reason: file.reason, stale: true } : { is: "unsure" };
      case "unusable":
        return this.#isOdd(file.reason) ? { is: "failed", reason: file.reason } : { is: "unsure" };
      default:
        return file satisfies never;
    }
  }

  /** Who removes its file has ended in good order, and who has a successor was restarted; how, only its parent could see. */
  async endOf(gone: Identity, sight: Sight): Promise<End> {
    const reason = isAlive(gone)
      ? "its pid file names another process now, and it may still run"
      : "only its parent could see it";
    return { exit: { kind: "unknown", reason }, cause: "unknown", expected: sight.is !== "failed" };
  }

  refusal(action: Action): string | undefined {
    const { commands } = this.#config;
    if (commands[action] || (action === "restart" && commands.start && commands.stop)) return undefined;
    const needed = action === "restart" ? "attach.restart, or attach.stop and attach.start" : `attach.${action}`;
    return `${this.#slot.service} belongs to whoever started it, and its configuration names no command to ${action} it. Set ${needed}.`;
  }

  async act(action: Action, signal: AbortSignal): Promise<void> {
    const { commands, timeout } = this.#config;
    const there = await this.#look(this.#seen);
    const steps = stepsOf(action, commands, there.is === "running");
    for (const step of steps) {
      const command = commands[step];
      if (command) await runOwnerCommand(this.#slot, step, { command, timeoutMs: timeout }, this.#deps, signal);
      if (step === "stop" && steps.length > 1 && there.is === "running") await this.#untilGone(there.identity, signal);
    }
  }

  pidsOf(main: Identity): number[] {
    return treeOf(main, this.#config.path);
  }

  restMs(): number {
    return everyMs;
  }

  /** A stop command may return before the process has ended, and a start beside it would fail. */
  async #untilGone(gone: Identity, signal: AbortSignal): Promise<void> {
    const { clock } = this.#deps;
    const deadlineMs = clock.monotonic() + this.#config.timeout;
    while (isAlive(gone) && !signal.aborted) {
      if (clock.monotonic() >= deadlineMs)
        throw new OstlerError(
          "timed-out",
          `Process ${gone.pid} of ${this.#slot.service} has not ended after the stop command.`,
        );
      await clock.sleep(lookMs, signal);
    }
  }

  async #look(known: Identity | undefined): Promise<PidFile> {
    const { path } = this.#config;
    const startedMs = (startTicks: number): number => this.#deps.clock.now() - uptimeMsOf(startTicks);
    return judgePidFile(path, await find(path), { statOf, startedMs, known });
  }

  #isOdd(reason: string): boolean {
    const nowMs = this.#deps.clock.monotonic();
    if (this.#odd?.reason !== reason) this.#odd = { reason, sinceMs: nowMs };
    return nowMs - this.#odd.sinceMs >= oddMs;
  }
}

/** The commands for an action, in order. None stops where nothing is there: it may be one that believes a stale pid file. */
function stepsOf(action: Action, commands: Config["commands"], isThere: boolean): Action[] {
  switch (action) {
    case "start":
      return ["start"];
    case "stop":
      return isThere ? ["stop"] : [];
    case "restart":
      if (!isThere && commands.start) return ["start"];
      return commands.restart ? ["restart"] : ["stop", "start"];
    default:
      return action satisfies never;
  }
}

/** Longer files are no pid files. */
const maxBytes = 4096;

async function find(path: string): Promise<Found> {
  try {
    const { mtimeMs, size } = await stat(path);
    if (size > maxBytes) return { unreadable: `it has ${size} bytes` };
    return { text: await readFile(path, "utf8"), writtenMs: mtimeMs };
  } catch (failure) {
    const { code } = failure as NodeJS.ErrnoException;
    return code === "ENOENT" || code === "ENOTDIR" ? { missing: true } : { unreadable: messageOf(failure) };
  }
}
