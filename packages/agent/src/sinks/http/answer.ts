import type { IncomingMessage, ServerResponse } from "node:http";
import { errorCodes, OstlerError } from "@ostler/protocol";

/** Sends a whole answer; to HEAD the same without its body. */
export function send(
  response: ServerResponse,
  status: number,
  contentType: string,
  body: string | Buffer,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, {
    "content-type": contentType,
    "content-length": Buffer.byteLength(body),
    "cache-control": "no-store",
    ...headers,
  });
  response.end(response.req.method === "HEAD" ? undefined : body);
}

export function sendJson(
  response: ServerResponse,
  status: number,
  value: unknown,
  headers: Record<string, string> = {},
): void {
  send(response, status, "application/json", `${JSON.stringify(value)}\n`, headers);
}

export function sendText(response: ServerResponse, status: number, text: string): void {
  send(response, status, "text/plain; charset=utf-8", text);
}

/** An error as problem details (RFC 9457). */
export function sendProblem(response: ServerResponse, failure: unknown, headers: Record<string, string> = {}): void {
  const { code, message } = OstlerError.from(failure);
  const { http: status, means, retry } = errorCodes[code];
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const problem = { type: `about:blank#${code}`, title: means, status, detail: message, code, retry };
  send(response, status, "application/problem+json", `${JSON.stringify(problem)}\n`, headers);
}

export function wantsJson(request: IncomingMessage): boolean {
  const { accept = "" } = request.headers;
  return accept.includes("application/json") || accept.includes("application/health+json");
}

/** The body of a request as JSON; `whenEmpty` stands for none, where that is allowed. @throws OstlerError `too-large`, `bad-request` */
export async function readJson(request: IncomingMessage, maxBytes: number, whenEmpty?: unknown): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new OstlerError("too-large", `The body has more than ${maxBytes} bytes.`);
    chunks.push(chunk);
  }
  if (bytes === 0 && whenEmpty !== undefined) return whenEmpty;
  try {
    return JSON.parse(Buffer.concat(chunks).toString()) as unknown;
  } catch (cause) {
    throw new OstlerError("bad-request", "The body is not JSON.", { cause });
  }
}
