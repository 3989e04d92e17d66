import { execFile } from "node:child_process";
import type { Clock } from "../../core/clock.js";

export type NotifyDeps = {
  env: NodeJS.ProcessEnv;
  clock: Clock;
  /** Parts of the agent whose work is overdue; while there are any, the watchdog is not fed. */
  overdue: () => string[];
  failed: (reason: string) => void;
};

/**
 * Tells systemd how the agent is, through systemd-notify(1): Node cannot send a datagram to a unix socket by itself.
 * The sender is then a child, so the unit needs NotifyAccess=all. Without $NOTIFY_SOCKET nothing is told.
 */
export class SystemdNotifier implements AsyncDisposable {
  readonly #deps: NotifyDeps;
  #cancelWatchdog = (): void => {};
  #told: Promise<void> = Promise.resolve();

  constructor(deps: NotifyDeps) {
    this.#deps = deps;
    const watchdogMs = Number(deps.env.WATCHDOG_USEC ?? 0) / 1000;
    if (watchdogMs > 0) this.#feedEvery(watchdogMs / 3);
  }

  ready(status: string): void {
    this.#tell("READY=1", `STATUS=${status}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#cancelWatchdog();
    this.#tell("STOPPING=1");
    await this.#told;
  }

  #feedEvery(ms: number): void {
    this.#cancelWatchdog = this.#deps.clock.after(ms, () => {
      if (this.#deps.overdue().length === 0) this.#tell("WATCHDOG=1");
      this.#feedEvery(ms);
    });
  }

  /** One after another, so that nothing overtakes what was told before. */
  #tell(...variables: string[]): void {
    const { env, failed } = this.#deps;
    if (env.NOTIFY_SOCKET === undefined) return;
    this.#told = this.#told.then(
      () =>
        new Promise((resolve) => {
          execFile("systemd-notify", variables, { env, timeout: 5000 }, (failure) => {
            if (failure) failed(`systemd-notify: ${failure.message.trim()}`);
            resolve();
          });
        }),
    );
  }
}
