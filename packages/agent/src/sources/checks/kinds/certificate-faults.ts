import { isIP } from "node:net";
import type { X509Certificate } from "node:crypto";

export type Expected = { nowMs: number; warnBeforeMs: number; failBeforeMs: number };

/** What is wrong with a certificate, and what soon will be; each in words that follow its name. */
export type Findings = { faults: string[]; warnings: string[] };

const dayMs = 86_400_000;

/** Whether a certificate holds now, and for long enough. */
export function timeFindings(
  { validFrom, validTo }: Pick<X509Certificate, "validFrom" | "validTo">,
  { nowMs, warnBeforeMs, failBeforeMs }: Expected,
): Findings {
  const [fromMs, toMs] = [Date.parse(validFrom), Date.parse(validTo)];
  if (nowMs < fromMs) return fault(`is not valid before ${timeOf(fromMs)}; perhaps a clock is wrong`);
  const leftMs = toMs - nowMs;
  if (leftMs <= 0) return fault(`expired on ${timeOf(toMs)}, ${daysOf(-leftMs)} ago`);
  const soon = `expires in ${daysOf(leftMs)}, on ${timeOf(toMs)}`;
  if (leftMs <= failBeforeMs) return fault(soon);
  return { faults: [], warnings: leftMs <= warnBeforeMs ? [soon] : [] };
}

/** Whether a certificate is for a name. */
export function nameFindings(certificate: X509Certificate, name: string): Findings {
  const found = isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name);
  if (found !== undefined) return nothing;
  return fault(`is not for ${name}, only for ${namesOf(certificate)}`);
}

/** What OpenSSL said of the chain, in words. `trust`: the file with the authorities, where there is one. */
export function chainFindings(code: string | undefined, certificate: X509Certificate, trust?: string): Findings {
  const trusted = trust ?? "the well-known authorities";
  switch (code) {
    case undefined:
      return nothing;
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
      return fault(`is self-signed and not in ${trusted}`);
    case "UNABLE_TO_GET_ISSUER_CERT":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
    case "SELF_SIGNED_CERT_IN_CHAIN": {
      const issuer = oneLine(certificate.issuer);
      return fault(`was issued by ${issuer}, which does not lead to ${trusted}; perhaps the server leaves out a part`);
    }
    case "CERT_HAS_EXPIRED":
      return fault("was issued by an authority whose certificate has expired");
    case "CERT_NOT_YET_VALID":
      return fault("was issued by an authority whose certificate is not yet valid");
    default:
      return fault(`was not verified: ${code}`);
  }
}

/** Every finding of several looks. */
export function allOf(findings: readonly Findings[]): Findings {
  return {
    faults: findings.flatMap(({ faults }) => faults),
    warnings: findings.flatMap(({ warnings }) => warnings),
  };
}

const nothing: Findings = { faults: [], warnings: [] };

export function fault(text: string): Findings {
  return { faults: [text], warnings: [] };
}

function namesOf({ subject, subjectAltName }: X509Certificate): string {
  const names = subjectAltName?.replaceAll(/\b(DNS|IP Address):/g, "") ?? oneLine(subject).replace(/^.*\bCN=/, "");
  return names.length <= 300 ? names : `${names.slice(0, 300)}…`;
}

function oneLine(subject: string): string {
  return subject.trim().replaceAll("\n", ", ").slice(0, 300);
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString().replace(/:\d\d\.000Z$/, "Z");
}

function daysOf(ms: number): string {
  if (ms < 2 * dayMs) return `${Math.floor((ms / dayMs) * 24)} h`;
  return `${Math.floor(ms / dayMs)} days`;
}
