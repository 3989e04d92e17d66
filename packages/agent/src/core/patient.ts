/** Node has four threads for files, which the journal needs too: what hangs takes no more than these. The rest waits. */
const maxUnderWay = 2;

/**
 * Asks something that can hang and cannot be ended, such as a file system: whoever asks again while it hangs waits for the
 * same answer, so that never more than one question is under way. Rejects when the signal aborts before the answer.
 */
export function patiently<T>(ask: () => Promise<T>): (signal: AbortSignal) => Promise<T> {
  let pending: { answer: Promise<T>; sinceMs: number } | undefined;
  return async (signal) => {
    if (!pending) {
      const answer = inTurn(ask);
      pending = { answer, sinceMs: performance.now() };
      const forget = (): void => void (pending = undefined);
      answer.then(forget, forget);
    }
    const { answer, sinceMs } = pending;
    return Promise.race([answer, hanging(signal, answer, sinceMs)]);
  };
}

let underWay = 0;
/** As long as there are checks at the most: each has one question. */
const inLine: (() => void)[] = [];

async function inTurn<T>(ask: () => Promise<T>): Promise<T> {
  if (underWay < maxUnderWay) underWay++;
  else await new Promise<void>((resolve) => inLine.push(resolve));
  try {
    return await ask();
  } finally {
    const next = inLine.shift();
    if (next) next();
    else underWay--;
  }
}

/** Listens no longer than until the answer: a signal may live for as long as the agent. */
function hanging(signal: AbortSignal, answer: Promise<unknown>, sinceMs: number): Promise<never> {
  return new Promise((_, reject) => {
    const abort = (): void => {
      const seconds = Math.round((performance.now() - sinceMs) / 1000);
      reject(new Error(`the file system, or another that is looked at, has not answered for ${seconds} s`));
    };
    const forget = (): void => signal.removeEventListener("abort", abort);
    signal.addEventListener("abort", abort);
    answer.then(forget, forget);
    if (signal.aborted) abort();
  });
}
