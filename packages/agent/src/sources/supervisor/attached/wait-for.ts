/** The end of some work, or `gone()` when nobody waits for it any more; the work goes on then. */
export function waitFor(work: Promise<void>, signal: AbortSignal, gone: () => Error): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(gone());
    const release = (): void => signal.removeEventListener("abort", abort);
    signal.addEventListener("abort", abort);
    if (signal.aborted) abort();
    work.then(resolve, reject).finally(release);
  });
}
