import { OstlerError } from "@ostler/protocol";

/** Settles as what is waited for does, or rejects with `cancelled` when nobody waits any more. What that comes to then is lost. */
export async function unlessAborted<T>(waited: Promise<T>, signal: AbortSignal, what: string): Promise<T> {
  const cancelled = new OstlerError("cancelled", `${what} was cancelled.`);
  if (signal.aborted) throw cancelled;
  let abort = (): void => {};
  const aborted = new Promise<never>((_, reject) => (abort = () => reject(cancelled)));
  signal.addEventListener("abort", abort);
  try {
    return await Promise.race([waited, aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
