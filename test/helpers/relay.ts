import { connect, createServer, type AddressInfo, type Socket } from "node:net";

/** A network between two ends that fails when the test says so. */
export class Relay implements AsyncDisposable {
  readonly url: string;
  readonly #sockets: Set<Socket>;
  readonly #close: () => Promise<void>;

  /** Stands before a WebSocket URL. */
  static async start(target: string): Promise<Relay> {
    const sockets = new Set<Socket>();
    const { hostname, port } = new URL(target);
    const server = createServer((near) => {
      const far = connect(Number(port), hostname);
      for (const [socket, other] of [
        [near, far],
        [far, near],
      ] as const) {
        sockets.add(socket);
        socket.on("error", () => undefined);
        socket.on("close", () => {
          sockets.delete(socket);
          other.destroy();
        });
        socket.pipe(other);
      }
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = new URL(target);
    url.port = String((server.address() as AddressInfo).port);
    const close = (): Promise<void> => new Promise((resolve) => server.close(() => resolve()));
    return new Relay(url.href, sockets, close);
  }

  private constructor(url: string, sockets: Set<Socket>, close: () => Promise<void>) {
    this.url = url;
    this.#sockets = sockets;
    this.#close = close;
  }

  /** Every connection breaks. */
  drop(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.drop();
    await this.#close();
  }
}
