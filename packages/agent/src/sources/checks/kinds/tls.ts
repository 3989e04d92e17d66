import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { TlsCheck } from "../../../config/checks/tls.js";
import { inWords } from "../../../config/http.js";
import type { Address } from "../../../config/values.js";
import { failed, passed, warned, type Probe, type Verdict } from "../verdict.js";
import { allOf, chainFindings, fault, nameFindings, timeFindings, type Findings } from "./certificate-faults.js";
import { handshake } from "./handshake.js";
import { whyOf } from "./words.js";

/** Larger files are no certificates. */
const maxFileBytes = 1024 * 1024;

/** Looks at the certificate that a server shows, or at those in a file, and tells every fault that it finds. */
export function tlsProbe(check: TlsCheck): Probe {
  const { address, file = "" } = check;
  return address
    ? (signal) => judged(inWords(address), () => servedFindings(check, address, signal), check)
    : (signal) => judged(file, () => fileFindings(check, file, signal), check);
}

async function judged(who: string, look: () => Promise<Findings>, { tls }: TlsCheck): Promise<Verdict> {
  try {
    const { faults, warnings } = await look();
    const [found] = faults.length > 0 ? faults : warnings;
    if (found === undefined) return passed;
    const text = `the certificate of ${who} ${[...faults, ...warnings].join("; it ")}`;
    return faults.length > 0 ? failed(text) : warned(text);
  } catch (failure) {
    return failed(`${who}${refusalOf(failure, tls.min_version) ?? `: ${whyOf(failure)}`}`);
  }
}

async function servedFindings(check: TlsCheck, address: Address, signal: AbortSignal): Promise<Findings> {
  const { tls, cert, key } = check;
  const { certificate, chainCode } = await handshake(address, tls, signal);
  const times = timeFindings(certificate, expected(check));
  const isDated = times.faults.length > 0;
  return allOf([
    times,
    // What it says of the dates of the certificate itself is said better above.
    ...(tls.verify
      ? [
          chainFindings(isDated && isAboutTime(chainCode) ? undefined : chainCode, certificate, tls.ca),
          nameFindings(certificate, tls.server_name ?? address.host),
        ]
      : []),
    ...(cert === undefined ? [] : [sameFindings(certificate, new X509Certificate(await read(cert, signal)), cert)]),
    ...(cert === undefined || key === undefined ? [] : [await pairFindings(cert, key, signal)]),
    ...(cert === undefined && key !== undefined ? [await keyFindings(certificate, key, signal)] : []),
  ]);
}

async function fileFindings(check: TlsCheck, file: string, signal: AbortSignal): Promise<Findings> {
  const { tls, key } = check;
  const text = (await read(file, signal)).toString("latin1");
  const all = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  const [first, ...others] = all.map((pem) => new X509Certificate(pem));
  if (!first) return fault("is not there: the file has none");
  return allOf([
    timeFindings(first, expected(check)),
    ...others.map((one) => timeFindings(one, expected(check))),
    ...(tls.server_name === undefined ? [] : [nameFindings(first, tls.server_name)]),
    ...(key === undefined ? [] : [await keyFindings(first, key, signal)]),
  ]);
}

function expected({ warn_before, fail_before }: TlsCheck): Parameters<typeof timeFindings>[1] {
  return { nowMs: Date.now(), warnBeforeMs: warn_before, failBeforeMs: fail_before };
}

function isAboutTime(code: string | undefined): boolean {
  return code === "CERT_HAS_EXPIRED" || code === "CERT_NOT_YET_VALID";
}

function sameFindings(served: X509Certificate, wanted: X509Certificate, file: string): Findings {
  if (served.fingerprint256 === wanted.fingerprint256) return { faults: [], warnings: [] };
  if (!served.publicKey.equals(wanted.publicKey)) return fault(`has another key than ${file}`);
  return { faults: [], warnings: [`is not the one in ${file}, though of the same key; perhaps it was not reloaded`] };
}

async function pairFindings(cert: string, key: string, signal: AbortSignal): Promise<Findings> {
  const own = new X509Certificate(await read(cert, signal));
  const belongs = own.checkPrivateKey(createPrivateKey(await read(key, signal)));
  return belongs ? { faults: [], warnings: [] } : fault(`could not be served again: ${key} is not the key of ${cert}`);
}

async function keyFindings(certificate: X509Certificate, key: string, signal: AbortSignal): Promise<Findings> {
  const belongs = certificate.checkPrivateKey(createPrivateKey(await read(key, signal)));
  return belongs ? { faults: [], warnings: [] } : fault(`does not belong to the key ${key}`);
}

async function read(path: string, signal: AbortSignal): Promise<Buffer> {
  const content = await readFile(path, { signal });
  if (content.length > maxFileBytes) throw new Error(`${path} is too large for a certificate or key`);
  return content;
}

/** What a server has against the agent, where OpenSSL says it in words that help nobody. */
function refusalOf(failure: unknown, minVersion: string): string | undefined {
  switch ((failure as NodeJS.ErrnoException).code) {
    case "ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION":
    case "ERR_SSL_UNSUPPORTED_PROTOCOL":
      return ` speaks no TLS as new as ${minVersion}, which is the oldest that is good enough`;
    case "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED":
      return " wants a certificate of the agent; see tls.cert";
    case "ERR_SSL_TLSV1_ALERT_UNKNOWN_CA":
    case "ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE":
    case "ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN":
      return " does not accept the agent's certificate";
    case "ERR_SSL_WRONG_VERSION_NUMBER":
    case "ERR_SSL_PACKET_LENGTH_TOO_LONG":
      return " does not speak TLS";
    default:
      return undefined;
  }
}
