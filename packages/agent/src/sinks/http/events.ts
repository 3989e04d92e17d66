import { matchesTopic, OstlerError, type Envelope } from "@ostler/protocol";
import type { Reading } from "../../core/journal/reader.js";
import type { Exchange, Route } from "./route.js";
import { StreamAnswer } from "./stream.js";

/** How one reading looks in each format. */
type Format = {
  contentType: string;
  event: (json: string, id: string, type: string) => string;
  gap: (json: string) => string;
};

const ndjson: Format = {
  contentType: "application/x-ndjson",
  event: (json) => `${json}\n`,
  gap: (json) => `{"gap":${json}}\n`,
};
const eventStream: Format = {
  contentType: "text/event-stream",
  event: (json, id, type) => `id: ${id}\nevent: ${type}\ndata: ${json}\n\n`,
  gap: (json) => `event: gap\ndata: ${json}\n\n`,
};

/** The journal from a seq on, optionally for ever. Resumable: `Last-Event-ID` is the id of the last event that came through. */
async function events({ request, response, url, deps, signal }: Exchange): Promise<void> {
  const { searchParams } = url;
  const { epoch } = deps.state();
  const format = (request.headers.accept ?? "").includes("text/event-stream") ? eventStream : ndjson;
  const lastId = request.headers["last-event-id"];
  const from =
    typeof lastId === "string" ? seqAfter(lastId, epoch) : seqIn(searchParams.get("from"), deps.journal.first);
  const types = searchParams.getAll("type");
  const since = searchParams.get("since") ?? "";
  const follow = searchParams.has("follow") && searchParams.get("follow") !== "false";
  const until = deps.journal.durable;
  const answer = new StreamAnswer(response, format.contentType, signal);
  if (request.method === "HEAD" || (!follow && from > until)) return answer.end();
  for await (const reading of deps.journal.read(from, signal)) {
    await answer.write(textOf(reading, { format, types, since, until: follow ? Infinity : until }));
    if (!follow && lastSeq(reading) >= until) break;
  }
  answer.end();
}

type Filter = { format: Format; types: readonly string[]; since: string; until: number };

function textOf(reading: Reading, { format, types, since, until }: Filter): string {
  if (reading.kind === "gap") {
    const { from, to, reason } = reading;
    return format.gap(JSON.stringify({ from, to, count: to - from + 1, reason }));
  }
  return reading.events
    .filter(({ seq }) => seq <= until)
    .map(({ json }) => {
      const { id, type, time } = JSON.parse(json) as Envelope;
      return matchesTopic(types, type) && time >= since ? format.event(json, id, type) : "";
    })
    .join("");
}

function lastSeq(reading: Reading): number {
  return reading.kind === "gap" ? reading.to : (reading.events.at(-1)?.seq ?? 0);
}

function seqIn(text: string | null, first: number): number {
  if (text === null) return first;
  if (!/^\d{1,16}$/.test(text)) throw new OstlerError("bad-request", `"from" must be a seq, not "${text}".`);
  return Math.max(1, Number(text));
}

/** An id of another epoch says nothing about this one: everything is sent. */
function seqAfter(id: string, epoch: string): number {
  const [, its, seq] = /^(.+)-(\d{1,16})$/.exec(id) ?? [];
  return its === epoch ? Number(seq) + 1 : 1;
}

export const eventRoutes: Route[] = [{ method: "GET", path: "/v1/events", scope: "read", answer: events }];
