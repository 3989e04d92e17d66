import { closeCodes, decodeAgentFrame, OstlerError, type AgentFrame, type ControllerFrame } from "@ostler/protocol";
import type { WebSocket } from "ws";

/** What happens on a link. `frame` handlers throw an OstlerError for what is wrong with a frame. */
export type LinkEvents = { frame: (frame: AgentFrame) => void; closed: (code: number, reason: string) => void };

/** A peer that sent this many wrong frames does not speak the protocol. */
const maxFaults = 16;

/** The controller's end of one WebSocket: frames in, frames out, and a heartbeat when there is nothing else to say. */
export class Link {
  readonly #socket: WebSocket;
  #lastSentMs = performance.now();
  #lastHeardMs = performance.now();
  #faults = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(socket: WebSocket, { frame, closed }: LinkEvents) {
    this.#socket = socket;
    socket.on("error", () => undefined); // Always followed by `close`, which tells.
    socket.on("message", (data, isBinary) => {
      this.#lastHeardMs = performance.now();
      if (isBinary) return this.close(closeCodes.binaryRefused, "frames are text");
      try {
        frame(decodeAgentFrame((data as Buffer).toString()));
      } catch (failure) {
        this.#fault(OstlerError.from(failure));
      }
    });
    socket.on("close", (code, reason) => {
      clearInterval(this.#timer);
      closed(code, reason.toString());
    });
    if (socket.isPaused) socket.resume();
  }

  send(frame: ControllerFrame): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    this.#lastSentMs = performance.now();
    this.#socket.send(JSON.stringify(frame));
  }

  /** Says something at least this often, and ends the link when the agent says nothing for two and a half times as long. */
  keepAlive(everyMs: number): void {
    this.#timer = setInterval(() => {
      const now = performance.now();
      if (now - this.#lastHeardMs > 2.5 * everyMs) this.#socket.terminate();
      else if (now - this.#lastSentMs >= everyMs * 0.9) this.send({ t: "heartbeat" });
    }, everyMs / 2);
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason.slice(0, 100));
  }

  /** Without the closing handshake, which a dead peer never answers. */
  terminate(): void {
    this.#socket.terminate();
  }

  #fault({ code, message }: OstlerError): void {
    this.send({ t: "error", code, message });
    if (++this.#faults >= maxFaults) this.close(closeCodes.protocol, "too many wrong frames");
  }
}
