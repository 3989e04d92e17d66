import assert from "node:assert/strict";
import { get } from "node:http";
import { test } from "node:test";
import type { Envelope } from "@ostler/protocol";
import type { Reading } from "../../core/journal/reader.js";
import { until } from "../../testing/until.js";
import { ask, problemIn, serve, type Served } from "../../testing/http-sink.js";

/** An agent with so many events in its journal, of types `app.even` and `app.odd` in turn from 1. */
async function withEvents(count: number): Promise<Served> {
  const agent = await serve();
  happen(agent, count);
  await agent.journal.synced(count);
  return agent;
}

function happen({ bus }: Served, count: number): void {
  for (let n = 0; n < count; n++)
    bus.publish({ type: bus.state.seq % 2 === 0 ? "app.odd" : "app.even", data: { n: bus.state.seq + 1 } });
}

/** The numbers of the events in an NDJSON text, and `gap from-to`. */
function numbersIn(text: string): (number | string)[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Envelope & { gap?: { from: number; to: number } })
    .map(({ gap, data }) => (gap ? `gap ${gap.from}-${gap.to}` : (data.n as number)));
}

const numbers = async ({ url }: Served, query = ""): Promise<(number | string)[]> =>
  numbersIn((await ask(`${url}/v1/events${query}`)).text);

/** A connection that stays; what came so far. */
function follow(
  url: string,
  headers: Record<string, string> = {},
): Disposable & { text: () => string; isClosed: () => boolean } {
  let text = "";
  let closed = false;
  const sent = get(url, { headers, agent: false }, (response) => {
    response.on("data", (chunk: Buffer) => (text += chunk.toString()));
    response.on("error", () => {});
    response.on("close", () => (closed = true));
  });
  sent.on("error", () => {});
  return { text: () => text, isClosed: () => closed, [Symbol.dispose]: () => void sent.destroy() };
}

test("the journal is one CloudEvent a line, in order, up to now", async () => {
  await using agent = await withEvents(5);
  const { headers, text } = await ask(`${agent.url}/v1/events`);
  assert.equal(headers["content-type"], "application/x-ndjson");
  assert.deepEqual(numbersIn(text), [1, 2, 3, 4, 5]);
  const { specversion, source, id } = JSON.parse(text.split("\n")[0] ?? "") as Envelope;
  assert.deepEqual([specversion, source, id], ["1.0", "/agents/agent", "epoch-1"]);
});

test("an empty journal is an empty answer", async () => {
  await using agent = await serve();
  const { status, text } = await ask(`${agent.url}/v1/events`);
  assert.deepEqual([status, text], [200, ""]);
});

test("reading begins where it is told to", async () => {
  await using agent = await withEvents(5);
  assert.deepEqual(await numbers(agent, "?from=4"), [4, 5]);
  assert.deepEqual(await numbers(agent, "?from=6"), []);
  assert.deepEqual(await numbers(agent, "?from=0"), [1, 2, 3, 4, 5]);
  for (const from of ["-1", "x", "1.5", "", "1e3"])
    assert.equal(problemIn(await ask(`${agent.url}/v1/events?from=${from}`)), "400 bad-request", from);
});

test("types are chosen by globs, one or several", async () => {
  await using agent = await withEvents(4);
  assert.deepEqual(await numbers(agent, "?type=app.even"), [2, 4]);
  assert.deepEqual(await numbers(agent, "?type=app.*"), [1, 2, 3, 4]);
  assert.deepEqual(await numbers(agent, "?type=app.even&type=*.odd"), [1, 2, 3, 4]);
  assert.deepEqual(await numbers(agent, "?type=service.*"), []);
});

test("events before a moment are left out", async () => {
  await using agent = await withEvents(2);
  assert.deepEqual(await numbers(agent, "?since=2000-01-01T00:00:00.000Z"), [1, 2]);
  assert.deepEqual(await numbers(agent, "?since=2999-01-01T00:00:00.000Z"), []);
});

test("whoever follows gets what is there, and then what happens", async () => {
  await using agent = await withEvents(2);
  using reader = follow(`${agent.url}/v1/events?follow&from=2`);
  await until(() => numbersIn(reader.text()).length === 1);
  happen(agent, 2);
  await until(() => numbersIn(reader.text()).length === 3);
  assert.deepEqual(numbersIn(reader.text()), [2, 3, 4]);
});

test("follow=false follows not", async () => {
  await using agent = await withEvents(1);
  assert.deepEqual(await numbers(agent, "?follow=false"), [1]);
});

test("whoever asks for an event stream gets one", async () => {
  await using agent = await withEvents(1);
  const { headers, text } = await ask(`${agent.url}/v1/events`, { headers: { accept: "text/event-stream" } });
  assert.equal(headers["content-type"], "text/event-stream");
  assert.match(text, /^id: epoch-1\nevent: app\.odd\ndata: \{"specversion":"1\.0".*"n":1\}\}\n\n$/);
});

test("a stream that broke off goes on after the last event that came through", async () => {
  await using agent = await withEvents(4);
  const idsAfter = async (lastId: string): Promise<string[]> => {
    const headers = { accept: "text/event-stream", "last-event-id": lastId };
    const { text } = await ask(`${agent.url}/v1/events?from=1`, { headers });
    return [...text.matchAll(/^id: (.*)$/gm)].map(([, id]) => id ?? "");
  };
  assert.deepEqual(await idsAfter("epoch-2"), ["epoch-3", "epoch-4"]);
  assert.deepEqual(await idsAfter("epoch-4"), []);
  const all = ["epoch-1", "epoch-2", "epoch-3", "epoch-4"];
  assert.deepEqual(await idsAfter("other-2"), all, "an id of another epoch says nothing");
  assert.deepEqual(await idsAfter("nonsense"), all);
});

test("events that are gone are a gap that says so, in both formats", async () => {
  await using agent = await serve();
  const data = { n: 0, padding: "x".repeat(60_000) };
  for (let n = 1; n <= 40; n++) {
    agent.bus.publish({ type: "app.large", data: { ...data, n } });
    await agent.journal.synced(n);
  }
  await until(() => agent.journal.first > 1, "the oldest are gone");
  const { first } = agent.journal;
  const [gap, next] = await numbers(agent, "?from=1");
  assert.deepEqual([gap, next], [`gap 1-${first - 1}`, first]);
  const { text } = await ask(`${agent.url}/v1/events?from=1`, { headers: { accept: "text/event-stream" } });
  const line = `event: gap\ndata: {"from":1,"to":${first - 1},"count":${first - 1},"reason":"retention"}\n\n`;
  assert.equal(text.slice(0, line.length), line);
  assert.equal((await numbers(agent))[0], first, "who asks for nothing in particular gets what there is");
});

test("HEAD tells the format and waits for nothing", async () => {
  await using agent = await withEvents(1);
  const { status, headers, text } = await ask(`${agent.url}/v1/events?follow`, { method: "HEAD" });
  assert.deepEqual([status, headers["content-type"], text], [200, "application/x-ndjson", ""]);
});

test("when the agent ends, so do the streams", async () => {
  const agent = await withEvents(1);
  using reader = follow(`${agent.url}/v1/events?follow`);
  await until(() => reader.text() !== "");
  await agent[Symbol.asyncDispose]();
  await until(() => reader.isClosed());
});

test("a client that does not read costs no memory, and when it goes nothing of it stays", async () => {
  const json = JSON.stringify({ id: "e-1", type: "app.large", time: "", data: { padding: "x".repeat(64 * 1024) } });
  let readings = 0;
  let isOver = false;
  const endless = async function* (_: number, signal: AbortSignal): AsyncGenerator<Reading> {
    try {
      while (!signal.aborted) yield { kind: "events", events: [{ seq: ++readings, json }] };
    } finally {
      isOver = true;
    }
  };
  await using agent = await serve({}, { deps: { journal: { first: 1, durable: 1, bytes: 0, read: endless } } });
  const sent = get(`${agent.url}/v1/events?follow`, { agent: false }, (response) => response.pause());
  sent.on("error", () => {});
  let quietLooks = 0;
  let before = 0;
  await until(() => {
    quietLooks = readings > 0 && readings === before ? quietLooks + 1 : 0;
    before = readings;
    return quietLooks > 20;
  }, "reading has stopped");
  assert.ok(readings * json.length < 32 * 1024 * 1024, `${readings} readings of 64 KiB were taken`);
  assert.equal(isOver, false);
  sent.destroy();
  await until(() => isOver, "the reading has ended");
});
