import { OstlerError, type ControllerFrameOf } from "@ostler/protocol";
import type { Link } from "./link.js";

export type ReadLogs = (
  query: { service: string; process?: string; last: number; follow: boolean },
  signal: AbortSignal,
) => AsyncIterable<object>;

/** Open log streams of one session at the same time. */
const maxStreams = 8;

/** Log lines for whoever looks at them now: what the link cannot take is dropped, and the number of it is told. */
export class LogStreams {
  readonly #link: Link;
  readonly #read: ReadLogs;
  readonly #signal: AbortSignal;
  readonly #open = new Map<string, AbortController>();

  constructor(link: Link, read: ReadLogs, signal: AbortSignal) {
    this.#link = link;
    this.#read = read;
    this.#signal = signal;
  }

  /** @throws OstlerError `busy`, `not-found` */
  open({ id, service, process, last }: ControllerFrameOf<"logs_open">): void {
    if (this.#open.size >= maxStreams) throw new OstlerError("busy", `${maxStreams} log streams are open already.`);
    const stop = new AbortController();
    const signal = AbortSignal.any([stop.signal, this.#signal]);
    const lines = this.#read({ service, ...(process === undefined ? {} : { process }), last, follow: true }, signal);
    this.close(id);
    this.#open.set(id, stop);
    void this.#stream(id, lines);
  }

  close(id: string): void {
    this.#open.get(id)?.abort();
    this.#open.delete(id);
  }

  async #stream(id: string, lines: AsyncIterable<object>): Promise<void> {
    let dropped = 0;
    try {
      for await (const line of lines) {
        if (this.#link.isCongested) {
          dropped++;
          continue;
        }
        this.#link.send({ t: "logs", id, lines: [line], dropped });
        dropped = 0;
      }
    } catch (failure) {
      const { code, message } = OstlerError.from(failure);
      this.#link.send({ t: "error", code, message, ref: id });
    } finally {
      this.#open.delete(id);
    }
  }
}
