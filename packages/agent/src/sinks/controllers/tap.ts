import type { WebSocket } from "ws";
import { closeCodes } from "@ostler/protocol";
import type { Clock } from "../../core/clock.js";
import type { Journal } from "../../core/journal/journal.js";
import { Link } from "./link.js";

/** A reader that does not answer a ping before the next one is gone. */
const pingMs = 30_000;

/** The read-only tap: CloudEvents over WebSocket, one event a message, from now on. No control, no resume, no gaps told. */
export async function runTap(socket: WebSocket, journal: Journal, clock: Clock, signal: AbortSignal): Promise<void> {
  const gone = new AbortController();
  const link = new Link(socket, clock);
  let answered = true;
  const ping = (): void => {
    if (!answered) return link.terminate();
    answered = false;
    socket.ping();
    cancel = clock.after(pingMs, ping);
  };
  let cancel = clock.after(pingMs, ping);
  socket.on("pong", () => (answered = true));
  socket.on("error", () => undefined); // Always followed by `close`.
  socket.on("close", () => {
    cancel();
    gone.abort();
  });
  for await (const reading of journal.read(journal.durable + 1, AbortSignal.any([gone.signal, signal])))
    if (reading.kind === "events") for (const { json } of reading.events) await link.sendInPace(json);
  if (link.isOpen) link.close(closeCodes.goingAway, "the agent is stopping");
}
