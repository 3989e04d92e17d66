import { once } from "node:events";
import type { ServerResponse } from "node:http";

/** An answer that goes on: writes at the pace of the client, and ends when it goes away. */
export class StreamAnswer {
  readonly #response: ServerResponse;
  readonly #signal: AbortSignal;

  constructor(response: ServerResponse, contentType: string, signal: AbortSignal) {
    this.#response = response;
    this.#signal = signal;
    response.writeHead(200, { "content-type": contentType, "cache-control": "no-store" });
    response.flushHeaders();
  }

  async write(text: string): Promise<void> {
    if (this.#signal.aborted || this.#response.write(text)) return;
    await once(this.#response, "drain", { signal: this.#signal }).catch(() => undefined); // Aborted: the caller sees the signal.
  }

  end(): void {
    this.#response.end();
  }
}
