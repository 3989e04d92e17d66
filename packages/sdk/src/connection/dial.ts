import type { IncomingMessage } from "node:http";
import { closeCodes, fullJitterMs, messageOf, OstlerError, subprotocol } from "@ostler/protocol";
import { WebSocket } from "ws";
import { socketOptions } from "./socket-options.js";

export type DialOptions = { url: string; token?: string; ca?: string | Buffer };
type Ended = { code: number; reason: string };

const handshakeTimeoutMs = 10_000;
const backoff = { initialMs: 1000, maxMs: 60_000 };
/** Whoever does not know us will hardly do so a second later; yet somebody may correct the token at any time. */
const refusedBackoff = { initialMs: 300_000, maxMs: 3_600_000 };
/** A session that lasted this long was a good one: the next attempt begins with short waits again. */
const goodSessionMs = 60_000;
/** Two controllers of the same id must not push each other out all the time. */
const duplicateMs = 30_000;
const maxRetryAfterMs = 3_600_000;

/** One open WebSocket, paused so that nothing is missed before somebody listens. @throws OstlerError `unreachable`, `unauthorized`, `not-permitted` */
export async function dial(options: DialOptions, signal: AbortSignal): Promise<WebSocket> {
  const opened = await open(options, signal);
  if (opened instanceof WebSocket) return opened;
  throw opened.error;
}

export type Dialing = {
  /** Settles with the first attempt. */
  connected: Promise<void>;
  /** Resolves when the signal has aborted and nothing is left. */
  ended: Promise<void>;
};

export type DialDeps = {
  /** A number in [0, 1). */
  random: () => number;
  monotonic: () => number;
  /** Ends early when the signal aborts. */
  pause: (ms: number, signal: AbortSignal) => Promise<void>;
};
const systemDeps: DialDeps = { random: Math.random, monotonic: () => performance.now(), pause };

/** Keeps a connection: the first attempt decides whether there will be others; after that it never gives up. */
export function dialForever(
  options: DialOptions,
  speak: (socket: WebSocket) => Promise<Ended>,
  signal: AbortSignal,
  { random, monotonic, pause }: DialDeps = systemDeps,
): Dialing {
  const first = open(options, signal);
  const connected = first.then((opened) => {
    if (!(opened instanceof WebSocket)) throw opened.error;
  });
  connected.catch(() => undefined); // The caller may look at it later.
  const keep = async (): Promise<void> => {
    let opened = await first;
    if (!(opened instanceof WebSocket)) return;
    for (let attempt = 1; ; attempt++) {
      const startedMs = monotonic();
      const { refused, retryAfterMs } = opened instanceof WebSocket ? afterSession(await speak(opened)) : opened;
      if (opened instanceof WebSocket && monotonic() - startedMs > goodSessionMs) attempt = 1;
      if (signal.aborted) return;
      const jitterMs = fullJitterMs(attempt, refused ? refusedBackoff : backoff, random);
      await pause(Math.max(jitterMs, Math.min(retryAfterMs, maxRetryAfterMs)), signal);
      if (signal.aborted) return;
      opened = await open(options, signal);
    }
  };
  return { connected, ended: keep() };
}

/** What the next attempt must heed. */
type Advice = { refused: boolean; retryAfterMs: number };

function afterSession({ code }: Ended): Advice {
  return {
    refused: code === closeCodes.unauthorized || code === closeCodes.forbidden,
    retryAfterMs: code === closeCodes.duplicateSession ? duplicateMs : 0,
  };
}

/** An open WebSocket, or how it failed. */
function open(
  { url, token, ca }: DialOptions,
  signal: AbortSignal,
): Promise<WebSocket | (Advice & { error: OstlerError })> {
  return new Promise((resolve) => {
    const fail = (cause: unknown): void => {
      const error = new OstlerError("unreachable", `Cannot connect to ${url}: ${messageOf(cause)}`, { cause });
      resolve({ error, refused: false, retryAfterMs: 0 });
    };
    let socket: WebSocket;
    try {
      socket = new WebSocket(url, [subprotocol], {
        headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
        handshakeTimeout: handshakeTimeoutMs,
        ...socketOptions,
        ...(ca === undefined ? {} : { ca }),
      });
    } catch (failure) {
      return fail(failure);
    }
    const leave = (): void => socket.terminate();
    signal.addEventListener("abort", leave);
    socket.on("open", () => {
      signal.removeEventListener("abort", leave);
      socket.pause();
      resolve(socket);
    });
    socket.on("unexpected-response", (_, response: IncomingMessage) => {
      const { statusCode, headers } = response;
      const refused = statusCode === 401 || statusCode === 403;
      resolve({ error: refusalOf(url, response), refused, retryAfterMs: Number(headers["retry-after"]) * 1000 || 0 });
      socket.terminate();
    });
    socket.on("error", (cause) => {
      signal.removeEventListener("abort", leave);
      fail(cause);
    });
  });
}

function refusalOf(url: string, { statusCode = 0, statusMessage = "" }: IncomingMessage): OstlerError {
  const message = `${url} answered ${statusCode} ${statusMessage}`.trim();
  if (statusCode === 401)
    return new OstlerError("unauthorized", `${message}: the token is missing or not known there.`);
  if (statusCode === 403) return new OstlerError("not-permitted", `${message}.`);
  return new OstlerError("unreachable", `${message}.`);
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end);
    if (signal.aborted) end();
  });
}
