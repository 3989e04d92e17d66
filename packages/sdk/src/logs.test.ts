import assert from "node:assert/strict";
import { test } from "node:test";
import { Host } from "./host.js";
import type { LogItem, LogOptions } from "./log-feeds.js";
import { Controller } from "./controller.js";
import { tokens } from "./auth.js";
import { hello, RawAgent } from "./fixtures/raw-agent.js";
import { FakeAgent } from "./testing.js";
import { until } from "./until.js";

/** What comes of the logs of a host, until it is ended. */
function reading(host: Host, options: LogOptions = {}) {
  const stop = new AbortController();
  const items: LogItem[] = [];
  let failure: unknown;
  const ended = (async () => {
    for await (const item of host.logs({ ...options, signal: stop.signal })) items.push(item);
  })().catch((reason: unknown) => (failure = reason));
  return {
    words: () => items.map((item) => ("text" in item ? item.text : Object.entries(item).flat().join(" "))),
    failure: () => failure,
    ended,
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await ended;
    },
  };
}

test("the lines of a service come as they are written, after the last ones that were asked for", async () => {
  await using agent = await FakeAgent.listen();
  for (const text of ["one", "two", "three"]) agent.log({ service: "web", text });
  agent.log({ service: "db", text: "other", level: "error" });
  await using host = await Host.connect(agent.url);
  await using web = reading(host, { service: "web", last: 2 });
  await using bad = reading(host, { last: 9, level: "error" });
  await using found = reading(host, { last: 9, grep: "T", ignoreCase: true });
  await until(() => found.words().length === 3, "the last ones");
  agent.log({ service: "web", text: "four" });
  agent.log({ service: "web", text: "five", level: "error" });
  await until(() => bad.words().length === 2 && web.words().length === 4, "what came");
  assert.deepEqual(web.words(), ["two", "three", "four", "five"]);
  assert.deepEqual(bad.words(), ["other", "five"]);
  assert.deepEqual(found.words(), ["two", "three", "other"]);
});

test("after a lost connection the lines go on, and the reader knows that some are missing", async () => {
  await using agent = await FakeAgent.listen();
  await using host = await Host.connect(agent.url);
  agent.log({ service: "web", text: "before" });
  await using web = reading(host, { service: "web", last: 1 });
  await until(() => web.words().length === 1, "the last one");
  await agent.disconnect();
  agent.log({ service: "web", text: "missed" });
  await until(() => web.words().length === 2, "it is there again");
  await until(() => {
    agent.log({ service: "web", text: "after" }); // Its opening may still be on the way.
    return web.words().includes("after");
  }, "it goes on");
  assert.deepEqual(web.words().slice(0, 3), ["before", "interrupted true", "after"]);
});

test("what an agent refuses ends the reading with its code, and nothing else", async () => {
  await using controller = await Controller.listen({ port: 0, auth: tokens({ a: "s" }) });
  await using agent = await RawAgent.connect(controller);
  agent.send(hello());
  await agent.next("welcome");
  await until(() => controller.hosts[0]?.connected, "it is connected");
  const host = controller.hosts[0] ?? assert.fail();
  await using web = reading(host, { service: "nope" });
  await using other = reading(host);
  const { id } = await agent.next("logs_open");
  const { id: otherId } = await agent.next("logs_open");
  agent.send({ t: "error", code: "not-found", message: "There is no nope.", ref: id });
  await web.ended;
  assert.deepEqual(String(web.failure()), "OstlerError: There is no nope.");
  assert.equal((await agent.next("logs_close")).id, id);
  agent.send({ t: "logs", id: otherId, lines: [{ note: "x cannot be read" }, { odd: 1 }], dropped: 7 });
  await until(() => other.words().length === 3, "the other goes on");
  assert.deepEqual(other.words(), ["dropped 7", "note x cannot be read", "dropped 1"]);
});

test("lines that nobody reads do not gather without end: their number is told", async () => {
  await using agent = await FakeAgent.listen();
  await using host = await Host.connect(agent.url);
  const lines = host.logs({ service: "web" });
  const first = lines.next();
  await until(() => {
    agent.log({ service: "web", text: "0" });
    return Promise.race([first.then(() => true), new Promise((resolve) => setImmediate(resolve, false))]);
  }, "it is open");
  for (let n = 1; n <= 5000; n++) agent.log({ service: "web", text: String(n) });
  const seq = agent.publish({ type: "app.done", data: {} });
  await agent.acknowledged(seq);
  let dropped = 0;
  let seen = 0;
  for await (const item of lines) {
    if ("dropped" in item) {
      dropped = item.dropped;
      break;
    }
    seen++;
  }
  assert.ok(dropped >= 4000, `${dropped} were dropped, ${seen} read`);
});

test("a reading ends with its host", async () => {
  await using agent = await FakeAgent.listen();
  const host = await Host.connect(agent.url);
  const web = reading(host, { service: "web" });
  await host[Symbol.asyncDispose]();
  await web.ended;
  assert.equal(web.failure(), undefined);
});
