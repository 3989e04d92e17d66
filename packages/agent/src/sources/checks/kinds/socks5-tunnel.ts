import { connect, type Socket } from "node:net";
import { once } from "node:events";
import type { Address } from "../../../config/values.js";
import {
  chosenMethod,
  connectRequest,
  greeting,
  isAccepted,
  login,
  replyLength,
  whyNotConnected,
  type Credentials,
} from "./socks5-messages.js";

/** No answer of a proxy is longer. */
const maxReplyBytes = 4 + 1 + 255 + 2;

/** What the proxy said no to. */
export class Refusal extends Error {}

/**
 * A connection to a target through a proxy; whoever gets it ends it. It has ended when this rejects: with a refusal, or with
 * what happened to the connection.
 */
export async function openTunnel(
  proxy: Address,
  target: Address,
  credentials: Credentials | undefined,
  signal: AbortSignal,
): Promise<Socket> {
  const socket = connect({ ...proxy, signal });
  const broken = new Promise<never>((_, reject) => {
    socket.on("error", reject);
    socket.on("end", () => reject(new Refusal("hung up")));
  });
  broken.catch(() => undefined); // Whoever waits for something hears of it.
  try {
    await Promise.race([once(socket, "connect"), broken]);
    await Promise.race([negotiate(socket, target, credentials), broken]);
    return socket;
  } catch (failure) {
    socket.destroy();
    throw failure;
  }
}

async function negotiate(socket: Socket, target: Address, credentials: Credentials | undefined): Promise<void> {
  socket.write(greeting(credentials));
  const method = chosenMethod(await received(socket, () => 2), credentials);
  if (typeof method === "object") throw new Refusal(method.why);
  if (method === "password" && credentials) {
    socket.write(login(credentials));
    if (!isAccepted(await received(socket, () => 2))) throw new Refusal("does not accept the username and password");
  }
  socket.write(connectRequest(target));
  const why = whyNotConnected(await received(socket, (start) => (start[0] === 5 ? replyLength(start) : start.length)));
  if (why !== undefined) throw new Refusal(why);
}

/** Bytes from the proxy, as many as the beginning of them says; what follows them stays for the next reader. */
async function received(socket: Socket, lengthOf: (start: Buffer) => number | undefined): Promise<Buffer> {
  let all = Buffer.alloc(0);
  for (;;) {
    const chunk = socket.read() as Buffer | null;
    if (chunk) all = Buffer.concat([all, chunk]);
    const length = all.length === 0 ? undefined : lengthOf(all);
    if (length !== undefined && all.length >= length) {
      if (all.length > length) socket.unshift(all.subarray(length));
      return all.subarray(0, length);
    }
    if (all.length > maxReplyBytes) throw new Refusal("answers without end");
    if (!chunk) await once(socket, "readable");
  }
}
