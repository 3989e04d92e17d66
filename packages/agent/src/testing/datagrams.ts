import { createSocket } from "node:dgram";
import { once } from "node:events";

/** A UDP server on loopback that answers each datagram with what `answer` makes of it; with nothing it stays silent. */
export async function serveUdp(
  answer: (question: Buffer, count: number) => Buffer | string | undefined,
): Promise<AsyncDisposable & { port: number; address: string; seen: Buffer[] }> {
  const socket = createSocket("udp4").bind(0, "127.0.0.1");
  await once(socket, "listening");
  const seen: Buffer[] = [];
  socket.on("message", (question, { port, address }) => {
    seen.push(question);
    const said = answer(question, seen.length);
    if (said !== undefined) socket.send(said, port, address);
  });
  const { port } = socket.address();
  return {
    port,
    address: `127.0.0.1:${port}`,
    seen,
    [Symbol.asyncDispose]: async () => {
      socket.close();
      await once(socket, "close");
    },
  };
}

/** A UDP port on which nobody listens: it was free a moment ago. */
export async function closedUdpPort(): Promise<number> {
  await using server = await serveUdp(() => undefined);
  return server.port;
}
