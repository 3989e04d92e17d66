/** Node has four threads for files, which the journal needs too: what hangs takes no more than these. The rest waits. */
const maxUnderWay = 3;

/** Nobody takes more turns than these, so that checks and figures leave one to each other. The rest waits. */
const maxOfOneAsker = 2;

export type Asker = "checks" | "figures" | "follows" | "backups";

/** Asks once it is its turn, however long that takes; settles as the asking does. */
export function inItsTurn<T>(asker: Asker, mount: string | undefined, ask: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => void inTurn({ asker, mount }, () => ask().then(resolve, reject)));
}

/**
 * Asks something that can hang and cannot be ended, such as a file system. Whoever asks about the same path while it hangs
 * waits for the same answer, and of one mount there is no more than one question under way; without a mount only the turns
 * count. Rejects when the signal aborts before the answer; what nobody waits for any more, and was not asked yet, never is.
 */
export function patiently<T>(
  asker: Asker,
  ask: (path: string) => Promise<T>,
  mountOf: (path: string) => string | undefined,
): (path: string, signal: AbortSignal) => Promise<T> {
  const questions = new Map<string, Question<T>>();
  return (path, signal) => {
    const known = questions.get(path);
    if (known) return answerTo(known, signal);
    const mount = mountOf(path);
    const question: Question<T> = {
      sinceMs: performance.now(),
      waiting: new Set(),
      withdraw: () => {
        if (leave()) questions.delete(path);
      },
    };
    questions.set(path, question);
    const leave = inTurn({ asker, mount }, async () => {
      const settle = (tell: (one: Waiting<T>) => void): void => {
        questions.delete(path);
        question.waiting.forEach(tell);
      };
      await ask(path).then(
        (answer) => settle(({ resolve }) => resolve(answer)),
        (failure: unknown) => settle(({ reject }) => reject(failure)),
      );
    });
    return answerTo(question, signal);
  };
}

type Waiting<T> = { resolve: (answer: T) => void; reject: (failure: unknown) => void };
type Question<T> = { sinceMs: number; waiting: Set<Waiting<T>>; withdraw: () => void };

/** Keeps nothing of whom aborts: a question may hang for as long as the agent runs. */
function answerTo<T>({ sinceMs, waiting, withdraw }: Question<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const forget = (): void => signal.removeEventListener("abort", abort);
    const one: Waiting<T> = {
      resolve: (answer) => (forget(), resolve(answer)),
      reject: (failure) => (forget(), reject(failure)),
    };
    const abort = (): void => {
      waiting.delete(one);
      if (waiting.size === 0) withdraw();
      const seconds = Math.round((performance.now() - sinceMs) / 1000);
      one.reject(new Error(`the file system, or another that is looked at, has not answered for ${seconds} s`));
    };
    waiting.add(one);
    signal.addEventListener("abort", abort);
    if (signal.aborted) abort();
  });
}

type Turn = { asker: Asker; mount: string | undefined; take: () => Promise<void> };
const underWay = new Set<Turn>();
/** No longer than there are paths that somebody waits for. */
const inLine = new Set<Turn>();

/** Takes its turn as soon as it may; `take` never rejects. The answer leaves the line, and says whether it was in it still. */
function inTurn(of: Omit<Turn, "take">, take: Turn["take"]): () => boolean {
  const turn = { ...of, take };
  inLine.add(turn);
  startNext();
  return () => inLine.delete(turn);
}

function startNext(): void {
  for (const turn of inLine) {
    if (underWay.size >= maxUnderWay) return;
    if (!mayStart(turn)) continue;
    inLine.delete(turn);
    underWay.add(turn);
    void turn.take().then(() => {
      underWay.delete(turn);
      startNext();
    });
  }
}

function mayStart({ asker, mount }: Turn): boolean {
  const others = [...underWay];
  if (mount !== undefined && others.some((other) => other.mount === mount)) return false;
  return others.filter((other) => other.asker === asker).length < maxOfOneAsker;
}
