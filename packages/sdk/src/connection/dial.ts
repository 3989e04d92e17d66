import type { IncomingMessage } from "node:http";
import { fullJitterMs, maxFrameBytes, OstlerError, subprotocol } from "@ostler/protocol";
import { WebSocket } from "ws";

export type DialOptions = { url: string; token?: string; ca?: string | Buffer };
type Ended = { code: number; reason: string };

const handshakeTimeoutMs = 10_000;
const backoff = { initialMs: 1000, maxMs: 60_000 };
/** A session that lasted this long was a good one: the next attempt begins with short waits again. */
const goodSessionMs = 60_000;

/** One open WebSocket, paused so that nothing is missed before somebody listens. @throws OstlerError `unreachable`, `unauthorized`, `not-permitted` */
export function dial({ url, token, ca }: DialOptions, signal: AbortSignal): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, [subprotocol], {
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      handshakeTimeout: handshakeTimeoutMs,
      maxPayload: maxFrameBytes,
      perMessageDeflate: false,
      ...(ca === undefined ? {} : { ca }),
    });
    const leave = (): void => socket.terminate();
    const settle = (end: () => void): void => {
      signal.removeEventListener("abort", leave);
      end();
    };
    signal.addEventListener("abort", leave);
    socket.on("open", () => {
      socket.pause();
      settle(() => resolve(socket));
    });
    socket.on("error", (cause) =>
      settle(() => reject(new OstlerError("unreachable", `Cannot connect to ${url}: ${cause.message}`, { cause }))),
    );
    socket.on("unexpected-response", (_, response: IncomingMessage) => {
      socket.terminate();
      settle(() => reject(refusalOf(url, response)));
    });
  });
}

export type Dialing = {
  /** Settles with the first attempt. */
  connected: Promise<void>;
  /** Resolves when the signal has aborted and nothing is left. */
  ended: Promise<void>;
};

/** Keeps a connection: the first attempt decides whether there will be others; after that it never gives up. */
export function dialForever(
  options: DialOptions,
  speak: (socket: WebSocket) => Promise<Ended>,
  signal: AbortSignal,
): Dialing {
  const first = dial(options, signal);
  const connected = first.then(() => undefined);
  connected.catch(() => undefined); // The caller may look at it later.
  const ended = first.then(
    async (socket) => {
      let open: WebSocket | undefined = socket;
      for (let attempt = 0; ; attempt++) {
        const startedMs = performance.now();
        if (open) await speak(open);
        if (open && performance.now() - startedMs > goodSessionMs) attempt = 0;
        if (signal.aborted) return;
        await pause(fullJitterMs(attempt + 1, backoff, Math.random), signal);
        if (signal.aborted) return;
        open = await dial(options, signal).catch(() => undefined);
      }
    },
    () => undefined,
  );
  return { connected, ended };
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
