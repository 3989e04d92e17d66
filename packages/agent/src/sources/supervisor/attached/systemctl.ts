import { exitInWords, OstlerError } from "@ostler/protocol";
import type { Clock } from "../../../core/clock.js";
import { newStop } from "../../../core/stop.js";
import { runChild } from "../../../platform/child.js";
import { environmentOf } from "../../../platform/environment.js";
import { sendSignal } from "../../../platform/tree-end.js";
import { parseUnits, unitProperties, type Unit } from "./unit.js";

export type SystemctlDeps = {
  clock: Clock;
  /** The environment of the agent. */
  env: NodeJS.ProcessEnv;
  /** systemctl cannot be asked; told once, until it can be asked again. */
  degraded: (reason: string) => void;
  recovered: () => void;
};

/** An answer takes milliseconds; whoever has none after this long gets none. */
const deadlineMs = 5000;

/** Enough for the properties of a thousand units. */
const keptBytes = 1024 * 1024;

/** How much of what a failing systemctl says is told. */
const maxWords = 500;

type Question = { unit: string; resolve: (unit: Unit) => void; reject: (failure: unknown) => void };

/** Asks systemd through systemctl. Questions that come at the same time become one. Disposing it ends what is under way. */
export class Systemctl implements Disposable {
  readonly #deps: SystemctlDeps;
  readonly #end = newStop();
  #questions: Question[] = [];
  #failed = false;

  constructor(deps: SystemctlDeps) {
    this.#deps = deps;
  }

  /** What systemd says of a unit now. @throws OstlerError `failed` when it does not answer, `cancelled` when disposed */
  show(unit: string): Promise<Unit> {
    return new Promise((resolve, reject) => {
      this.#questions.push({ unit, resolve, reject });
      if (this.#questions.length === 1) queueMicrotask(() => void this.#ask());
    });
  }

  /** Resolves when the job is done. Whoever stops waiting leaves the job to systemd. @throws OstlerError `failed`, `cancelled` */
  async act(verb: "start" | "stop" | "restart", unit: string, signal: AbortSignal): Promise<void> {
    await this.#run([verb, "--no-ask-password", "--", unit], AbortSignal.any([signal, this.#end.signal]));
  }

  [Symbol.dispose](): void {
    this.#end.abort();
  }

  async #ask(): Promise<void> {
    const questions = this.#questions;
    this.#questions = [];
    try {
      const units = [...new Set(questions.map(({ unit }) => unit))];
      const answers = parseUnits(await this.#show(units));
      this.#recover();
      const byName = new Map(units.map((unit, at) => [unit, answers[at]]));
      for (const { unit, resolve, reject } of questions) {
        const answer = byName.get(unit);
        if (answer) resolve(answer);
        else reject(new OstlerError("failed", `systemctl said nothing of ${unit}.`));
      }
    } catch (failure) {
      const { message } = OstlerError.from(failure);
      if (!this.#failed && !this.#end.signal.aborted) this.#deps.degraded(message);
      this.#failed = true;
      for (const { reject } of questions) reject(failure);
    }
  }

  #recover(): void {
    if (this.#failed) this.#deps.recovered();
    this.#failed = false;
  }

  async #show(units: readonly string[]): Promise<string> {
    const late = new AbortController();
    const cancel = this.#deps.clock.after(deadlineMs, () => late.abort());
    try {
      const args = ["show", "--no-pager", `--property=${unitProperties.join(",")}`, "--", ...units];
      return await this.#run(args, AbortSignal.any([late.signal, this.#end.signal]));
    } catch (failure) {
      if (late.signal.aborted)
        throw new OstlerError("failed", `systemctl did not answer within ${deadlineMs / 1000} s.`, { cause: failure });
      throw failure;
    } finally {
      cancel();
    }
  }

  async #run(args: readonly string[], signal: AbortSignal): Promise<string> {
    const what = `systemctl ${args[0]} ${args.at(-1)}`;
    const env = environmentOf({ LC_ALL: "C", SYSTEMD_COLORS: "0" }, this.#deps.env);
    const killGroup = ({ pid }: { pid: number }): void => sendSignal(-pid, "SIGKILL");
    const end = await runChild(
      { command: ["systemctl", ...args], cwd: "/", env, keptBytes, endAll: killGroup },
      signal,
    );
    if (!end.started) {
      if (signal.aborted) throw new OstlerError("cancelled", `Nobody waits for ${what} any more.`);
      throw new OstlerError("failed", `systemctl could not be run: ${end.reason}. Only a host with systemd has units.`);
    }
    if (end.stopped)
      throw new OstlerError("cancelled", `Nobody waits for ${what} any more; systemd may go on with it.`);
    if (end.exit.kind === "code" && end.exit.code === 0) return end.stdout.text;
    const said = end.stderr.text.trim().replaceAll(/\s+/g, " ").slice(0, maxWords);
    throw new OstlerError("failed", `${what} ${exitInWords(end.exit)}${said === "" ? "." : `: ${said}`}`);
  }
}
