import type { X509Certificate } from "node:crypto";
import { once } from "node:events";
import type { TLSSocket } from "node:tls";
import type { Address } from "../../../config/values.js";
import { secureOptions, type TlsFiles } from "../../../platform/tls-options.js";
import { afterSilence } from "./silence.js";

/** What a server has shown. `chainCode`: what OpenSSL has against its chain. */
export type Shown = { certificate: X509Certificate; chainCode?: string };

/**
 * In TLS 1.3 a server says only after the handshake that it does not want the agent's certificate. One that says nothing
 * for so long has agreed; most say so at once, by a ticket.
 */
const agreedMs = 300;

/** Connects, whatever the certificate, and leaves when the server has agreed too. Rejects with what kept it from that. */
export async function handshake(address: Address, tls: TlsFiles, signal: AbortSignal): Promise<Shown> {
  const { connect } = await import("node:tls"); // Most agents have no use for it.
  const servername = tls.server_name ?? address.host;
  const named = /^[\d.]+$|:/.test(servername) ? {} : { servername };
  const socket = connect({ ...secureOptions(tls), ...address, ...named, rejectUnauthorized: false });
  const abort = (): void => void socket.destroy(new Error("there was no handshake in time"));
  signal.addEventListener("abort", abort);
  if (signal.aborted) abort();
  try {
    const shown = once(socket, "secureConnect").then(() => shownOf(socket));
    return (await Promise.all([shown, agreement(socket)]))[0];
  } finally {
    signal.removeEventListener("abort", abort);
    socket.on("error", () => undefined); // Whatever comes after the verdict.
    socket.destroy();
  }
}

function shownOf(socket: TLSSocket): Shown {
  const certificate = socket.getPeerX509Certificate();
  if (!certificate) throw new Error("it showed no certificate");
  const chainCode = chainCodeOf(socket);
  return { certificate, ...(chainCode === undefined ? {} : { chainCode }) };
}

function agreement(socket: TLSSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    let stop = (): void => undefined;
    socket.on("session", () => resolve());
    socket.on("data", () => resolve());
    socket.on("secureConnect", () => {
      if (socket.getProtocol() === "TLSv1.3") stop = afterSilence(agreedMs, resolve);
      else resolve();
    });
    socket.on("error", reject);
    socket.on("close", () => {
      stop();
      resolve();
    });
  });
}

/** OpenSSL's code; the name is looked at elsewhere. */
function chainCodeOf({ authorizationError }: TLSSocket): string | undefined {
  const code = authorizationError as unknown as string | Error | null; // A code, against its type.
  if (code === null || code === undefined || String(code) === "ERR_TLS_CERT_ALTNAME_INVALID") return undefined;
  return String(code);
}
