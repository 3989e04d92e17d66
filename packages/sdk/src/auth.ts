import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";

/** Says which host an upgrade request comes from; nothing when it is not let in. */
export type Authenticate = (request: IncomingMessage) => string | undefined;

/** Lets in the agents that know their secret: host name → secret. Compares in constant time. */
export function tokens(secrets: Readonly<Record<string, string>>): Authenticate {
  const known = Object.entries(secrets).map(([host, secret]) => ({ host, digest: sha256(secret) }));
  return ({ headers: { authorization = "" } }) => {
    const [, presented] = /^Bearer +(\S+)$/i.exec(authorization) ?? [];
    if (presented === undefined) return undefined;
    const digest = sha256(presented);
    let found: string | undefined;
    for (const { host, digest: expected } of known) if (timingSafeEqual(digest, expected)) found = host;
    return found;
  };
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
