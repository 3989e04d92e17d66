import type { HttpCheck } from "../../../config/checks/http.js";
import { TemplateValues } from "./template-values.js";
import { shown } from "../../../core/shown-url.js";
import { askHttp } from "../../../platform/ask-http.js";
import { failed, passed, warned, type Probe } from "../verdict.js";
import { neededBytes, whyUnwanted } from "./http-answer.js";
import { whyOf } from "./words.js";

/** Asks on a connection of its own: a kept one would hide a server that accepts no more. */
export function httpProbe(check: HttpCheck, env: NodeJS.ProcessEnv = process.env): Probe {
  const { url, method, headers, body, redirects, slower_than, tls } = check;
  const question = { url, method, headers, redirects, tls, maxBytes: neededBytes(check) };
  const before = method === "GET" ? "" : `${method} `;
  return async (signal) => {
    const startedMs = performance.now();
    try {
      const filled = body === undefined ? {} : { body: new TemplateValues([body], env).fill(body) };
      const answer = await askHttp({ ...question, ...filled }, signal);
      const tookMs = performance.now() - startedMs;
      const why = await whyUnwanted(answer, check);
      if (why !== undefined) return failed(`${before}${shown(answer.url)} ${why}`);
      if (slower_than === undefined || tookMs <= slower_than) return passed;
      return warned(`${before}${shown(url)} took ${Math.round(tookMs)} ms, longer than ${slower_than} ms`);
    } catch (failure) {
      return failed(`${before}${shown(url)}: ${whyOf(failure)}`);
    }
  };
}
