import { OstlerError, type ControllerFrameOf } from "@ostler/protocol";
import { momentOf, momentsAre } from "../../core/moment.js";
import type { LogQuery } from "../../core/log-query.js";
import type { Link } from "./link.js";

export type ReadLogs = (query: LogQuery, signal: AbortSignal) => AsyncIterable<object>;

/** Open log streams of one session at the same time. */
const maxStreams = 8;

/** Log lines for whoever looks at them now: what the link cannot take is dropped, and the number of it is told. */
export class LogStreams {
  readonly #link: Link;
  readonly #read: ReadLogs;
  readonly #now: () => number;
  readonly #signal: AbortSignal;
  readonly #open = new Map<string, AbortController>();

  constructor(link: Link, read: ReadLogs, now: () => number, signal: AbortSignal) {
    this.#link = link;
    this.#now = now;
    this.#read = read;
    this.#signal = signal;
  }

  /** A stream of the same id ends. What cannot be opened is answered with an error that names the id. */
  open(frame: ControllerFrameOf<"logs_open">): void {
    this.close(frame.id);
    if (this.#open.size >= maxStreams)
      return this.#refuse(frame.id, new OstlerError("busy", `${maxStreams} log streams are open already.`));
    const stop = new AbortController();
    this.#open.set(frame.id, stop);
    void this.#stream(frame, stop);
  }

  close(id: string): void {
    this.#open.get(id)?.abort();
    this.#open.delete(id);
  }

  async #stream(frame: ControllerFrameOf<"logs_open">, stop: AbortController): Promise<void> {
    const { id } = frame;
    let dropped = 0;
    try {
      for await (const line of this.#read(queryOf(frame, this.#now()), AbortSignal.any([stop.signal, this.#signal]))) {
        if (stop.signal.aborted) return;
        if (this.#link.isCongested) {
          dropped++;
          continue;
        }
        this.#link.send({ t: "logs", id, lines: [line], dropped });
        dropped = 0;
      }
    } catch (failure) {
      this.#refuse(id, failure);
    } finally {
      if (this.#open.get(id) === stop) this.#open.delete(id);
    }
  }

  #refuse(id: string, failure: unknown): void {
    const { code, message } = OstlerError.from(failure);
    this.#link.send({ t: "error", code, message, ref: id });
  }
}

/** @throws OstlerError `bad-request` for a time that is none */
function queryOf({ last, since, ...frame }: ControllerFrameOf<"logs_open">, nowMs: number): LogQuery {
  const { service, process, source, grep, ignore_case: ignoreCase, level } = frame;
  const sinceMs = since === undefined ? undefined : momentOf(since, nowMs);
  if (since !== undefined && sinceMs === undefined)
    throw new OstlerError("bad-request", `"since" must be one of: ${momentsAre}; not "${since}".`);
  const given = { service, process, source, grep, ignoreCase, level, sinceMs };
  const isAll = sinceMs !== undefined && last === 0;
  return { ...withoutAbsent(given), ...(isAll ? {} : { last }), follow: true };
}

function withoutAbsent<T extends object>(given: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as never;
}
