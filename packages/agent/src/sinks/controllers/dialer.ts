import { readFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { closeCodes, fullJitterMs, messageOf, subprotocol } from "@ostler/protocol";
import { WebSocket } from "ws";
import { nameOf, type ControllerConfig } from "../../config/controllers.js";
import { Session, type SessionDeps, type SessionEnd } from "./session.js";
import { socketOptions } from "./socket-options.js";

export type DialerDeps = SessionDeps & { random: () => number };

const handshakeTimeoutMs = 10_000;
const backoff = { initialMs: 1000, maxMs: 60_000 };
/** Whoever does not know us will hardly do so a second later; yet somebody may correct the token at any time. */
const refusedBackoff = { initialMs: 300_000, maxMs: 3_600_000 };
/** A session that lasted this long was a good one: the next attempt begins with short waits again. */
const goodSessionMs = 60_000;
const maxRetryAfterMs = 3_600_000;

/** How an attempt to connect ended. */
type Attempt = { reason: string; refused: boolean; retryAfterMs: number; goodSession: boolean };

/** Keeps a session with one configured controller, for ever: it waits longer and longer, and never gives up. */
export async function keepDialing(config: ControllerConfig, deps: DialerDeps, signal: AbortSignal): Promise<void> {
  const { clock, publish, random } = deps;
  let told = "";
  for (let attempt = 1; !signal.aborted; attempt++) {
    const end = await dial(config, deps, signal);
    if (signal.aborted) return;
    if (end.goodSession) attempt = 0;
    if (end.reason !== told && end.reason !== "")
      publish({ type: "controller.unreachable", data: { controller: nameOf(config), reason: end.reason } });
    told = end.reason;
    const jitterMs = fullJitterMs(Math.max(1, attempt), end.refused ? refusedBackoff : backoff, random);
    await clock.sleep(Math.max(jitterMs, Math.min(end.retryAfterMs, maxRetryAfterMs)), signal);
  }
}

async function dial(config: ControllerConfig, deps: DialerDeps, signal: AbortSignal): Promise<Attempt> {
  const opened = await open(config, signal);
  if (!(opened instanceof WebSocket)) return opened;
  const { token, commands, heartbeat } = config;
  const authority = { scopes: ["admin" as const], commands };
  const peer = {
    name: nameOf(config),
    direction: "outbound" as const,
    authority,
    ...(heartbeat === undefined ? {} : { heartbeatMs: heartbeat }),
  };
  return attemptOf(await Session.run(opened, peer, deps, signal), token !== undefined);
}

/** What the end of a session means for the next attempt. A welcomed session has told its end by itself. */
function attemptOf({ code, reason, welcomedMs, retryAfterMs }: SessionEnd, hasToken: boolean): Attempt {
  const refused = code === closeCodes.unauthorized || code === closeCodes.forbidden;
  const waits = code === closeCodes.duplicateSession ? 30_000 : 0;
  const why = refused
    ? `it refuses the ${hasToken ? "token" : "connection without a token"}`
    : `it closed with ${code} ${reason}`.trim();
  return {
    reason: welcomedMs > 0 ? "" : why,
    refused,
    retryAfterMs: Math.max(retryAfterMs, waits),
    goodSession: welcomedMs >= goodSessionMs,
  };
}

/** An open WebSocket, or how it failed. */
function open({ url, token, tls }: ControllerConfig, signal: AbortSignal): Promise<WebSocket | Attempt> {
  return new Promise((resolve) => {
    const fail = (reason: string, refused = false, retryAfterMs = 0): void =>
      resolve({ reason, refused, retryAfterMs, goodSession: false });
    let socket: WebSocket;
    try {
      socket = new WebSocket(url, [subprotocol], {
        headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
        handshakeTimeout: handshakeTimeoutMs,
        ...socketOptions,
        ...(tls ? { ca: readFileSync(tls.ca) } : {}),
      });
    } catch (failure) {
      return fail(messageOf(failure));
    }
    const give_up = (): void => socket.terminate();
    signal.addEventListener("abort", give_up);
    const settled = (): void => signal.removeEventListener("abort", give_up);
    socket.on("error", (failure) => {
      settled();
      fail(failure.message);
    });
    socket.on("unexpected-response", (_, response: IncomingMessage) => {
      settled();
      const { statusCode = 0 } = response;
      fail(
        `it answered ${statusCode} ${response.statusMessage ?? ""}`.trim(),
        statusCode === 401 || statusCode === 403,
        retryAfterOf(response),
      );
      socket.terminate();
    });
    socket.on("open", () => {
      settled();
      socket.pause(); // What comes with the answer must not be missed before somebody listens.
      resolve(socket);
    });
  });
}

function retryAfterOf({ headers }: IncomingMessage): number {
  const seconds = Number(headers["retry-after"]);
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : 0;
}
