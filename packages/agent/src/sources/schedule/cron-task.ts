import { createTask } from "node-cron";
import type { CronConfig } from "../../config/cron.js";

/** What a schedule tells, in milliseconds since 1970. */
export type Told = {
  /** It is time. */
  due: (slotMs: number) => void;
  /** It was time while nothing could run here: the event loop was blocked, or the clock was set forward. */
  missed: (slotMs: number) => void;
};

/** A schedule that is armed: it triggers, and decides nothing. */
export type ArmedSchedule = Disposable & {
  nextMs(): number | undefined;
  /** Looks at the clock again, which may have been set. */
  rearm(): void;
};

/** How late a time may be reached and still count. */
export const toleranceMs = 5000;

export function armCron({ at, timezone }: Pick<CronConfig, "at" | "timezone">, { due, missed }: Told): ArmedSchedule {
  const silent = { info() {}, warn() {}, error() {}, debug() {} }; // Everything that matters comes as an event.
  const task = createTask(at, ({ date }) => due(date.getTime()), {
    timezone,
    missedExecutionTolerance: toleranceMs,
    suppressMissedWarning: true,
    logger: silent,
  });
  task.on("execution:missed", ({ date }) => missed(date.getTime()));
  void task.start();
  return {
    nextMs: () => task.getNextRun()?.getTime(),
    rearm() {
      void task.stop();
      void task.start();
    },
    [Symbol.dispose]: () => void task.destroy(),
  };
}
