import { messageOf } from "@ostler/protocol";
import { shown } from "../../../core/shown-url.js";
import { askHttp, type HttpAnswer } from "../../../platform/ask-http.js";
import type { TlsFiles } from "../../../platform/tls-options.js";

export type Page = { url: string; headers: Readonly<Record<string, string>>; tls?: TlsFiles | undefined };

/** A page with more is no page of numbers: the source is unreachable. */
const maxPageBytes = 16 * 1024 * 1024;
const maxRedirects = 3;

/** A page that was answered with 200, whole; its URL as it may be shown. @throws Error that says what was answered instead */
export async function readPage({ url, headers, tls }: Page, accept: string, signal: AbortSignal): Promise<HttpAnswer> {
  const where = shown(url);
  const answer = await askHttp(
    { url, headers: { accept, ...headers }, tls, redirects: maxRedirects, maxBytes: maxPageBytes },
    signal,
  ).catch((failure: unknown) => {
    throw new Error(`${where}: ${messageOf(failure)}`, { cause: failure });
  });
  if (answer.status !== 200) throw new Error(`${where} answered ${answer.status}`);
  if (answer.clipped) throw new Error(`${where} answered more than ${maxPageBytes} bytes`);
  return { ...answer, url: shown(answer.url) };
}
