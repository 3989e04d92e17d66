import { OstlerError } from "@ostler/protocol";
import type { Exchange, Route } from "./route.js";
import { StreamAnswer } from "./stream.js";

/** What a service wrote, one JSON object a line. */
async function logs({ request, response, url, params, deps, signal }: Exchange): Promise<void> {
  const { searchParams } = url;
  const service = params.service ?? "";
  const process = searchParams.get("process");
  const last = Number(searchParams.get("n") ?? 100);
  if (!Number.isSafeInteger(last) || last < 0) throw new OstlerError("bad-request", `"n" must be a number of lines.`);
  const follow = searchParams.has("follow") && searchParams.get("follow") !== "false";
  const lines = deps.logs({ service, ...(process === null ? {} : { process }), last, follow }, signal);
  const answer = new StreamAnswer(response, "application/x-ndjson", signal);
  if (request.method !== "HEAD") for await (const line of lines) await answer.write(`${JSON.stringify(line)}\n`);
  answer.end();
}

export const logRoutes: Route[] = [{ method: "GET", path: "/v1/logs/:service", scope: "read", answer: logs }];
