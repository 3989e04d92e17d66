import { closeCodes, decodeAgentFrame, OstlerError, type AgentFrame, type ControllerFrame } from "@ostler/protocol";
import type { WebSocket } from "ws";

/** What happens on a link. `frame` handlers throw an OstlerError for what is wrong with a frame; `bad-protocol` ends the link. */
export type LinkEvents = { frame: (frame: AgentFrame) => void; closed: (code: number, reason: string) => void };

/** A peer that sent this many wrong frames does not speak the protocol. */
const maxFaults = 16;
/** A close frame has room for 123 bytes. */
const maxReasonBytes = 120;

/** The controller's end of one WebSocket: frames in, frames out, and a heartbeat when there is nothing else to say. */
export class Link {
  readonly #socket: WebSocket;
  /** Resolves when the connection is closed. */
  readonly ended: Promise<void>;
  #lastSentMs = performance.now();
  #lastHeardMs = performance.now();
  #faults = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(socket: WebSocket, { frame, closed }: LinkEvents) {
    this.#socket = socket;
    socket.on("error", () => undefined); // Always followed by `close`, which tells.
    socket.on("message", (data, isBinary) => {
      if (!this.#isOpen) return; // What comes after we have closed comes again on the next connection.
      this.#lastHeardMs = performance.now();
      if (isBinary) return this.close(closeCodes.binaryRefused, "frames are text");
      try {
        frame(decodeAgentFrame((data as Buffer).toString()));
      } catch (failure) {
        this.#fault(OstlerError.from(failure));
      }
    });
    this.ended = new Promise((resolve) => {
      socket.on("close", (code, reason) => {
        clearInterval(this.#timer);
        closed(code, reason.toString());
        resolve();
      });
    });
    if (socket.isPaused) socket.resume();
  }

  get #isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }

  send(frame: ControllerFrame): void {
    if (!this.#isOpen) return;
    this.#lastSentMs = performance.now();
    this.#socket.send(JSON.stringify(frame));
  }

  /** Says something at least this often, and ends the link when the agent says nothing for two and a half times as long. */
  keepAlive(everyMs: number): void {
    this.#timer = setInterval(() => {
      const now = performance.now();
      if (now - this.#lastHeardMs > 2.5 * everyMs)
        this.#socket.terminate(); // A dead peer never answers a close frame.
      else if (now - this.#lastSentMs >= everyMs * 0.7) this.send({ t: "heartbeat" });
    }, everyMs / 4);
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, Buffer.from(reason).toString("utf8", 0, maxReasonBytes));
  }

  /** Takes leave; resolves when the connection is closed. */
  leave(reason: string): Promise<void> {
    this.send({ t: "bye", reason });
    this.close(closeCodes.normal, reason);
    return this.ended;
  }

  #fault({ code, message }: OstlerError): void {
    this.send({ t: "error", code, message });
    if (code === "bad-protocol") this.close(closeCodes.protocol, message);
    else if (++this.#faults >= maxFaults) this.close(closeCodes.protocol, "too many wrong frames");
  }
}
