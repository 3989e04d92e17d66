import { createSocket, type Socket } from "node:dgram";
import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { inWords } from "../../../config/http.js";
import type { Address } from "../../../config/values.js";
import { failed, type Verdict } from "../verdict.js";
import { afterSilence } from "./silence.js";
import { whyOf } from "./words.js";

/** Datagrams get lost: a question without an answer is asked again after this time. */
const againMs = 500;

export type DatagramQuestion = {
  address: Address;
  payload: Buffer;
  /** What an answer means. */
  judge: (answer: Buffer) => Verdict;
  /** What it means when nothing has come for so long. Otherwise it is asked again until the signal aborts. */
  silence?: { afterMs: number; verdict: Verdict };
};

/** Asks one peer and no other: an answer from elsewhere does not count, and the kernel tells when the port is closed. */
export async function askByDatagram(question: DatagramQuestion, signal: AbortSignal): Promise<Verdict> {
  const { host } = question.address;
  const where = inWords(question.address);
  const over = abortOf(signal);
  try {
    const found = await Promise.race([addressOf(host), over.promise]);
    if (found === undefined) return failed(`${where}: its name could not be looked up in time`);
    const socket = createSocket(found.family === 6 ? "udp6" : "udp4");
    const stops: (() => void)[] = [];
    try {
      return await Promise.race([
        exchange(socket, found.address, question, stops),
        over.promise.then(() => failed(`${where} did not answer`)),
      ]);
    } finally {
      for (const stop of stops) stop();
      socket.close();
    }
  } catch (failure) {
    return failed(`${where}: ${whyOf(failure)}`);
  } finally {
    over.forget();
  }
}

function exchange(
  socket: Socket,
  ip: string,
  { address, payload, judge, silence }: DatagramQuestion,
  stops: (() => void)[],
): Promise<Verdict> {
  return new Promise((resolve) => {
    const where = inWords(address);
    socket.on("message", (answer) => resolve(judge(answer)));
    socket.on("error", (failure: NodeJS.ErrnoException) =>
      resolve(failed(isRefusal(failure) ? `${where} is closed: nobody listens there` : `${where}: ${failure.message}`)),
    );
    socket.on("connect", () => {
      const send = (): void => socket.send(payload, (failure) => failure && socket.emit("error", failure));
      send();
      if (silence) return void stops.push(afterSilence(silence.afterMs, () => resolve(silence.verdict)));
      const again = setInterval(send, againMs);
      stops.push(() => clearInterval(again));
    });
    socket.connect(address.port, ip);
  });
}

/** ICMP's "port unreachable", as the kernel hands it over. */
function isRefusal({ code }: NodeJS.ErrnoException): boolean {
  return code === "ECONNREFUSED";
}

/** The lookup of a name cannot be ended; whoever waits for it can. */
async function addressOf(host: string): Promise<{ address: string; family: number }> {
  const family = isIP(host);
  return family === 0 ? lookup(host) : { address: host, family };
}

function abortOf(signal: AbortSignal): { promise: Promise<undefined>; forget: () => void } {
  let forget = (): void => {};
  const promise = new Promise<undefined>((resolve) => {
    const abort = (): void => resolve(undefined);
    forget = () => signal.removeEventListener("abort", abort);
    signal.addEventListener("abort", abort);
    if (signal.aborted) abort();
  });
  return { promise, forget };
}
