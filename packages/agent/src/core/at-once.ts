import { unlessAborted } from "./unless-aborted.js";

/** Disposing it, once or more often, lets the next one in. */
export type Turn = Disposable;

/** Lets so many do something at a time; the others wait, in the order in which they came. */
export class AtOnce {
  readonly #max: number;
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(max: number) {
    this.#max = max;
  }

  /** `what` is who waits. @throws OstlerError `cancelled` when nobody wants it any more before its turn has come */
  async enter(what: string, signal: AbortSignal): Promise<Turn> {
    await this.#come(what, signal);
    let isOver = false;
    const leave = (): void => {
      if (!isOver) this.#leave();
      isOver = true;
    };
    return { [Symbol.dispose]: leave };
  }

  async #come(what: string, signal: AbortSignal): Promise<void> {
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
