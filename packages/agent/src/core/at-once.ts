import { unlessAborted } from "./unless-aborted.js";

/** Lets so many do something at a time; the others wait, in the order in which they came. */
export class AtOnce {
  readonly #max: number;
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(max: number) {
    this.#max = max;
  }

  /** `what` is who waits. @throws OstlerError `cancelled` when nobody wants it any more before its turn has come */
  async run<T>(what: string, signal: AbortSignal, call: () => Promise<T>): Promise<T> {
    await this.#turn(what, signal);
    try {
      return await call();
    } finally {
      this.#leave();
    }
  }

  async #turn(what: string, signal: AbortSignal): Promise<void> {
    if (this.#running < this.#max) {
      this.#running++;
      return;
    }
    let isMine = false;
    let come = (): void => {};
    const turn = new Promise<void>((resolve) => {
      come = () => ((isMine = true), resolve());
    });
    this.#waiting.push(come);
    try {
      await unlessAborted(turn, signal, what);
    } catch (failure) {
      if (isMine) this.#leave(); // It came in the same moment.
      const at = this.#waiting.indexOf(come);
      if (at >= 0) this.#waiting.splice(at, 1);
      throw failure;
    }
  }

  /** The turn goes on to whoever waits, or is free. */
  #leave(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#running--;
  }
}
