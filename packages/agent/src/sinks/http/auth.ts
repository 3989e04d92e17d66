import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import { OstlerError, type Actor, type Scope } from "@ostler/protocol";
import type { Token } from "../../config/http.js";

/** Whoever sent a request, and what they may do. */
export type Principal = { actor: Actor; scopes: readonly Scope[] };

/** Over the unix socket, which only its owner can open. */
export const local: Principal = { actor: { kind: "cli", name: "local" }, scopes: ["admin"] };

/** On loopback without tokens: everybody on this host may read, nobody may change anything. */
const anybody: Principal = { actor: { kind: "http", name: "anonymous" }, scopes: ["read"] };

/** Tells who sent a request over TCP. @throws OstlerError `unauthorized`, `not-permitted` */
export function identify(request: IncomingMessage, tokens: readonly Token[]): Principal {
  if (tokens.length === 0) {
    refuseForeignHost(request);
    return anybody;
  }
  const [, presented] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? "") ?? [];
  if (presented === undefined)
    throw new OstlerError("unauthorized", "Send a token: `Authorization: Bearer …`. Tokens are in http.tokens.");
  const token = find(presented, tokens);
  if (!token) throw new OstlerError("unauthorized", "The token is not one of http.tokens.");
  return { actor: { kind: "http", name: token.id }, scopes: token.scopes };
}

/** Compares with every token, each in constant time, so that the answer's time tells nothing. */
function find(presented: string, tokens: readonly Token[]): Token | undefined {
  const digest = sha256(presented);
  let found: Token | undefined;
  for (const token of tokens) if (timingSafeEqual(digest, sha256(token.secret))) found = token;
  return found;
}

/** Where no token is asked for, a web page must not reach us by a name of its own that resolves to loopback. */
function refuseForeignHost({ headers: { host = "" } }: IncomingMessage): void {
  const name = host
    .toLowerCase()
    .replace(/:\d+$/, "")
    .replace(/^\[|\]$/g, "");
  if (name !== "localhost" && name !== "" && isIP(name) === 0)
    throw new OstlerError(
      "not-permitted",
      `The host name "${name}" is not served without a token. Use 127.0.0.1 or localhost, or set http.tokens.`,
    );
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
