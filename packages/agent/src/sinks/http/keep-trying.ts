import { messageOf } from "@ostler/protocol";
import type { Clock } from "../../core/clock.js";

export type TroubleDeps = {
  clock: Clock;
  /** A part could not be opened; it is tried again until it can. */
  degraded: (part: string, reason: string) => void;
  recovered: (part: string) => void;
};

const retryMs = 1000;

/** Opens a part. Resolves after the first attempt; when that fails, the result goes on trying until it settles. */
export async function keepTrying(
  part: string,
  open: () => Promise<void>,
  { clock, degraded, recovered }: TroubleDeps,
  signal: AbortSignal,
): Promise<{ settled: Promise<void> }> {
  const failure = await reasonOf(open);
  if (failure === undefined) return { settled: Promise.resolve() };
  degraded(part, failure);
  const again = async (): Promise<void> => {
    for (;;) {
      await clock.sleep(retryMs, signal);
      if (signal.aborted) return;
      if ((await reasonOf(open)) === undefined) return recovered(part);
    }
  };
  return { settled: again() };
}

async function reasonOf(open: () => Promise<void>): Promise<string | undefined> {
  try {
    await open();
    return undefined;
  } catch (failure) {
    return messageOf(failure);
  }
}
