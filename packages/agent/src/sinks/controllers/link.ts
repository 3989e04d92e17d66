import type { AgentFrame } from "@ostler/protocol";
import type { WebSocket } from "ws";
import type { Clock } from "../../core/clock.js";

/** More than this in the socket's buffer, and the next batch waits until the peer has read. */
const highWaterBytes = 1024 * 1024;
/** A peer that lets this much gather asks without ever reading the answers: the link is ended. */
const maxBufferedBytes = 16 * 1024 * 1024;
/** A close frame has room for 123 bytes. */
const maxReasonBytes = 120;

/** The sending side of a WebSocket: knows when it last sent, and when the peer reads too slowly. */
export class Link {
  readonly #socket: WebSocket;
  readonly #clock: Clock;
  lastSentMs: number;

  constructor(socket: WebSocket, clock: Clock) {
    this.#socket = socket;
    this.#clock = clock;
    this.lastSentMs = clock.monotonic();
  }

  get isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }

  get isCongested(): boolean {
    return this.#socket.bufferedAmount > highWaterBytes;
  }

  send(frame: AgentFrame): void {
    this.sendText(JSON.stringify(frame));
  }

  /** Resolves when the peer has taken enough for more; at once where it reads as fast as we write. */
  async sendInPace(text: string): Promise<void> {
    if (!this.isOpen) return;
    this.lastSentMs = this.#clock.monotonic();
    await new Promise<void>((resolve) => {
      this.#socket.send(text, () => resolve());
      if (!this.isCongested) resolve();
    });
  }

  sendText(text: string): void {
    if (!this.isOpen) return;
    if (this.#socket.bufferedAmount > maxBufferedBytes) return this.terminate();
    this.lastSentMs = this.#clock.monotonic();
    this.#socket.send(text);
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, Buffer.from(reason).toString("utf8", 0, maxReasonBytes));
  }

  /** Without the closing handshake, which a dead peer never answers. */
  terminate(): void {
    this.#socket.terminate();
  }
}
