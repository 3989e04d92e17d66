import { OstlerError } from "@ostler/protocol";
import { levelOf } from "../../core/line-format/level.js";
import { levels } from "../../core/line-format/line-info.js";
import type { LogQuery } from "../../core/log-query.js";
import { momentOf, momentsAre } from "../../core/moment.js";
import type { Exchange, Route } from "./route.js";
import { StreamAnswer } from "./stream.js";

/** What a service wrote, or all of them, one JSON object a line; what could not be read is told as `{"note": ...}`. */
async function logs({ request, response, url, params, deps, signal }: Exchange): Promise<void> {
  const lines = deps.logs(queryOf(url.searchParams, params.service), signal);
  const answer = new StreamAnswer(response, "application/x-ndjson", signal);
  if (request.method !== "HEAD") for await (const line of lines) await answer.write(`${JSON.stringify(line)}\n`);
  answer.end();
}

/** @throws OstlerError `bad-request` */
function queryOf(given: URLSearchParams, service: string | undefined): LogQuery {
  const isOn = (name: string): boolean => given.has(name) && given.get(name) !== "false";
  const text = (name: "process" | "source" | "grep"): object => {
    const value = given.get(name);
    return value === null ? {} : { [name]: value };
  };
  const level = given.get("level");
  return {
    ...(service === undefined ? {} : { service }),
    ...text("process"),
    ...text("source"),
    ...text("grep"),
    ...lastIn(given.get("n")),
    ...momentIn(given, "since"),
    ...momentIn(given, "until"),
    ...(level === null ? {} : { level: levelOf(level) ?? refuse("level", level, levels.join(", ")) }),
    follow: isOn("follow"),
    ignoreCase: isOn("ignore_case"),
    ansi: isOn("ansi"),
  };
}

function lastIn(text: string | null): Pick<LogQuery, "last"> {
  if (text === null) return {};
  if (text === "all") return { last: text };
  const last = Number(text);
  if (!Number.isSafeInteger(last) || last < 0) refuse("n", text, "a number of lines, or all");
  return { last };
}

function momentIn(given: URLSearchParams, name: "since" | "until"): Pick<LogQuery, "sinceMs" | "untilMs"> {
  const text = given.get(name);
  if (text === null) return {};
  return { [`${name}Ms`]: momentOf(text, Date.now()) ?? refuse(name, text, momentsAre) };
}

function refuse(name: string, text: string, wanted: string): never {
  throw new OstlerError("bad-request", `"${name}" must be one of: ${wanted}; not "${text.slice(0, 100)}".`);
}

export const logRoutes: Route[] = [
  { method: "GET", path: "/v1/logs", scope: "read", answer: logs },
  { method: "GET", path: "/v1/logs/:service", scope: "read", answer: logs },
];
