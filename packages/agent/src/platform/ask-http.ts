import { request as plainRequest, type ClientRequest, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import { isIP, type Socket } from "node:net";
import { secureOptions, type SecureOptions, type TlsFiles } from "./tls-options.js";

export type HttpQuestion = {
  url: string;
  method?: string;
  headers?: Readonly<Record<string, string>>;
  body?: string | undefined;
  tls?: TlsFiles | undefined;
  /** How many redirects are followed; 0 returns the first answer, whatever it is. */
  redirects?: number;
  /** Of a longer body only the beginning is read; with 0 it is not waited for. */
  maxBytes: number;
  /** A connection that leads there already, and that is used up by one question; without redirects. */
  through?: Socket;
};

export type HttpAnswer = {
  /** Where the answer came from, after redirects. */
  url: string;
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
  clipped: boolean;
};

/**
 * Asks once, on a connection of its own: a kept one would hide a server that accepts no more. Ends when the signal aborts.
 * Rejects with what kept it from an answer.
 */
export async function askHttp(question: HttpQuestion, signal: AbortSignal): Promise<HttpAnswer> {
  const answer = await askOnce(question, signal);
  const { redirects = 0, headers = {} } = question;
  const to = answer.headers.location;
  if (redirects === 0 || to === undefined || answer.status < 300 || answer.status > 399) return answer;
  const url = new URL(to, question.url);
  // Any header and any body may hold what is meant for the first one alone.
  const isElsewhere = url.origin !== new URL(question.url).origin;
  const repeats = answer.status === 307 || answer.status === 308 || isSafe(question.method);
  const { body, ...rest } = question;
  return askHttp(
    {
      ...rest,
      url: url.href,
      headers: isElsewhere ? acceptAlone(headers) : headers,
      redirects: redirects - 1,
      ...(repeats ? {} : { method: "GET" }),
      ...(repeats && !isElsewhere ? { body } : {}),
    },
    signal,
  );
}

async function askOnce(question: HttpQuestion, signal: AbortSignal): Promise<HttpAnswer> {
  const { url, method = "GET", headers = {}, body, tls, maxBytes } = question;
  const isSecure = url.startsWith("https:");
  const request = isSecure ? (await import("node:https")).request : plainRequest;
  const { through } = question;
  const secure = isSecure && tls ? secureOptions(tls) : {};
  const connection = through
    ? { createConnection: await connectionIn(through, url, secure) }
    : { agent: false as const, ...secure };
  const options = { method, headers: { "user-agent": "ostler", ...headers }, signal, ...connection };
  return new Promise<HttpAnswer>((resolve, reject) => {
    const sent: ClientRequest = request(url, options, (response) => {
      bodyOf(response, maxBytes).then(
        ({ text, clipped }) =>
          resolve({ url, status: response.statusCode ?? 0, headers: response.headers, body: text, clipped }),
        reject,
      );
    });
    sent.on("error", reject);
    // Nobody has asked for another protocol; the connection is left.
    sent.on("upgrade", ({ statusCode = 0, headers }, socket) => {
      socket.destroy();
      resolve({ url, status: statusCode, headers, body: "", clipped: true });
    });
    sent.end(body);
  });
}

/** The connection itself, or TLS in it. */
async function connectionIn(socket: Socket, url: string, secure: Partial<SecureOptions>): Promise<() => Socket> {
  if (!url.startsWith("https:")) return () => socket;
  const { connect } = await import("node:tls");
  const host = new URL(url).hostname.replace(/^\[|\]$/g, "");
  const named = isIP(host) > 0 ? {} : { servername: host };
  return () => connect({ socket, host, ...named, ...secure });
}

async function bodyOf(response: IncomingMessage, maxBytes: number): Promise<{ text: string; clipped: boolean }> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  if (maxBytes === 0) {
    response.destroy();
    return { text: "", clipped: true };
  }
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > maxBytes) break; // Leaving the loop destroys the response and its connection.
  }
  return { text: Buffer.concat(chunks).subarray(0, maxBytes).toString(), clipped: bytes > maxBytes };
}

function isSafe(method = "GET"): boolean {
  return method === "GET" || method === "HEAD";
}

function acceptAlone(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name.toLowerCase() === "accept"));
}
