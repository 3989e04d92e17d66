import { createServer as createHttpServer, type RequestListener } from "node:http";
import { createServer as createHttpsServer, type ServerOptions } from "node:https";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";

/** A server on loopback, at a port of the kernel's choice; closed with all its connections when the test ends. */
export type TestServer = AsyncDisposable & { port: number; url: string };

export async function serveHttp(answer: RequestListener): Promise<TestServer> {
  return listening(createHttpServer(answer));
}

export async function serveHttps(options: ServerOptions, answer: RequestListener): Promise<TestServer> {
  const server = await listening(createHttpsServer(options, answer));
  return { ...server, url: server.url.replace("http:", "https:") };
}

export async function serveTcp(accept: (socket: Socket) => void): Promise<TestServer> {
  return listening(createServer(accept));
}

/** Accepts TLS and says nothing. */
export async function serveTls(options: TlsOptions): Promise<TestServer> {
  return listening(createTlsServer(options, (socket) => socket.on("error", () => {})));
}

/** A port on which nobody listens: it was free a moment ago. */
export async function closedPort(): Promise<number> {
  await using server = await serveTcp(() => {});
  return server.port;
}

async function listening(server: Server): Promise<TestServer> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
