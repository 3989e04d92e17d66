import { randomUUID } from "node:crypto";
import {
  isErrorCode,
  logLine,
  logNote,
  OstlerError,
  type AgentFrameOf,
  type ControllerFrameOf,
  type LogLevel,
  type LogLine,
  type LogNote,
} from "@ostler/protocol";
import { Signal } from "./signal.js";

/** Which lines are wanted. Without a service, of all of them. */
export type LogOptions = {
  service?: string;
  /** One process of it, all instances of it. */
  process?: string;
  /** One log that its configuration names. */
  source?: string;
  /** So many lines of before come first; none when absent, or, with `since`, all since then. */
  last?: number;
  /** RFC 3339, or so long ago, like `1h`. */
  since?: string;
  /** A regular expression that is looked for on the host. */
  grep?: string;
  ignoreCase?: boolean;
  /** The least severe that is wanted. */
  level?: LogLevel;
  signal?: AbortSignal;
};

/**
 * A line; or that so many are missing here, because they came faster than they were read or sent; or that the connection was
 * lost and is there again, so that what was written in between is missing; or what the agent could not read.
 */
export type LogItem = LogLine | { dropped: number } | { interrupted: true } | LogNote;

type Open = ControllerFrameOf<"logs_open">;
type Feed = { open: Open; isOpen: boolean; items: LogItem[]; dropped: number; failure?: OstlerError; more: Signal };
/** False while there is no connection. */
type Send = (frame: Open | ControllerFrameOf<"logs_close">) => boolean;

/** So many items wait for a reader that is slow; what comes beyond that is dropped, and the number of it told. */
const maxWaiting = 1000;

/** The log streams of a host that somebody reads. They are opened again on each connection. */
export class LogFeeds {
  readonly #send: Send;
  readonly #feeds = new Map<string, Feed>();

  constructor(send: Send) {
    this.#send = send;
  }

  /** Until the signal aborts. @throws OstlerError with the agent's code when that refuses */
  async *read(options: LogOptions, signal: AbortSignal): AsyncGenerator<LogItem> {
    const id = randomUUID();
    const open = openOf(id, options);
    const feed: Feed = { open, isOpen: this.#send(open), items: [], dropped: 0, more: new Signal() };
    this.#feeds.set(id, feed);
    try {
      while (!signal.aborted) {
        if (feed.items.length === 0 && feed.dropped === 0 && !feed.failure) await feed.more.next(signal);
        yield* feed.items.splice(0);
        if (feed.dropped > 0) yield { dropped: taken(feed) };
        if (feed.failure) throw feed.failure;
      }
    } finally {
      this.#feeds.delete(id);
      this.#send({ t: "logs_close", id });
    }
  }

  /** A new connection is there: what was before it does not come again. */
  reopen(): void {
    for (const feed of this.#feeds.values()) {
      if (feed.isOpen) {
        put(feed, { interrupted: true });
        feed.open = { ...feed.open, last: 0 };
        delete feed.open.since;
      }
      feed.isOpen = this.#send(feed.open);
    }
  }

  onLogs({ id, lines, dropped }: AgentFrameOf<"logs">): void {
    const feed = this.#feeds.get(id);
    if (!feed) return; // It was closed while this was on its way.
    if (dropped > 0) put(feed, { dropped });
    for (const line of lines) {
      const parsed = logLine.or(logNote).safeParse(line);
      put(feed, parsed.success ? parsed.data : { dropped: 1 });
    }
  }

  onError({ ref, code, message }: AgentFrameOf<"error">): void {
    const feed = this.#feeds.get(ref ?? "");
    if (!feed) return;
    feed.failure = new OstlerError(isErrorCode(code) ? code : "failed", message);
    feed.more.fire();
  }
}

function openOf(id: string, { service, process, source, last = 0, since, grep, ignoreCase, level }: LogOptions): Open {
  const given = { service, process, source, since, grep, ignore_case: ignoreCase, level };
  const wanted = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  return { t: "logs_open", id, last, ...wanted };
}

function put(feed: Feed, item: LogItem): void {
  if (feed.items.length >= maxWaiting || feed.dropped > 0) feed.dropped += "dropped" in item ? item.dropped : 1;
  else feed.items.push(item);
  feed.more.fire();
}

function taken(feed: Feed): number {
  const { dropped } = feed;
  feed.dropped = 0;
  return dropped;
}
