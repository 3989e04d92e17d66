import assert from "node:assert/strict";
import { appendFileSync, mkdirSync, readFileSync, rmdirSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { test } from "node:test";
import type { Sample } from "@ostler/protocol";
import { systemClock } from "../../core/clock.js";
import { statOf } from "../../platform/proc.js";
import { configured, exited, recordingBus, started } from "../../testing/bus.js";
import { loaded } from "../../testing/config.js";
import { closedPort, serveHttp } from "../../testing/servers.js";
import { tempDir } from "../../testing/temp-dir.js";
import { until } from "../../testing/until.js";
import { Scrape, type Services } from "./scrape.js";

type Seen = Sample & { type: "series.scraped" };

/** Services with these settings of their numbers. */
function services(metrics: Record<string, string>): Services {
  const text = Object.entries(metrics).map(([name, its]) => `  ${name}: {command: [sleep, "1"], metrics: ${its}}`);
  return loaded(`services:\n${text.join("\n")}\n`).config.services;
}

/** A room on a real bus, whose services all run. */
function scraping(metrics: Record<string, string>, { running = true, spools = "/nonexistent" } = {}) {
  const { bus, types, seen: events } = recordingBus(systemClock);
  const samples: Sample[] = [];
  bus.onSample("test", (sample) => samples.push(sample));
  for (const service of Object.keys(metrics)) {
    bus.publish(configured(service));
    if (running) bus.publish(started(service));
  }
  const room = new Scrape(services(metrics), {
    sample: bus.sample,
    clock: systemClock,
    random: () => 0,
    state: () => bus.state,
    spools,
    degraded: (part, reason) => void bus.publish({ type: "agent.degraded", data: { part, reason } }),
    recovered: (part) => void bus.publish({ type: "agent.recovered", data: { part } }),
  });
  bus.subscribe("scrape", room.follow);
  const of = (service: string): Seen[] =>
    samples.filter((sample): sample is Seen => sample.type === "series.scraped" && sample.service === service);
  return {
    bus,
    room,
    types,
    events,
    samples,
    of,
    /** What was seen last of a service, as series or the reason why not. */
    last: (service = "web"): string[] => {
      const its = of(service).at(-1);
      if (its?.outcome !== "scraped") return [its?.reason ?? "nothing"];
      return its.families.flatMap(({ type, points }) =>
        points.map(({ name, labels, value }) => `${name}${JSON.stringify(labels)} ${value} ${type}`),
      );
    },
    [Symbol.asyncDispose]: () => room[Symbol.asyncDispose](),
  };
}

function text(body: string, type = "text/plain"): (_: unknown, response: ServerResponse) => void {
  return (_, response) => void response.setHeader("content-type", type).end(body);
}

test("a page is asked while the service runs, and its series are told", async () => {
  await using page = await serveHttp(text("# TYPE peers gauge\npeers 3\n"));
  await using agent = scraping({ web: `{scrape: {prometheus: {url: "${page.url}"}, labels: {role: api}}}` });
  assert.deepEqual(agent.last(), ["it has not been asked yet"]);
  await until(() => agent.last()[0]?.startsWith("peers"));
  assert.deepEqual(agent.last(), ['peers{"role":"api"} 3 gauge']);
  agent.bus.publish(exited("web"));
  assert.deepEqual(agent.last(), ["the service does not run"]);
  agent.bus.publish({
    type: "service.restarted",
    data: { service: "web", process: "main", run: 2, pid: 1, startTicks: 1, attempt: 1, because: "" },
  });
  await until(() => agent.last()[0]?.startsWith("peers"));
});

test("a service that does not run is not asked", async () => {
  let asked = 0;
  await using page = await serveHttp((_, response) => response.end(`a ${++asked}`));
  await using agent = scraping(
    { web: `{scrape: {prometheus: {url: "${page.url}"}}}`, other: `{scrape: {prometheus: {url: "${page.url}"}}}` },
    { running: false },
  );
  agent.bus.publish(started("other"));
  await until(() => agent.last("other")[0]?.startsWith("a"));
  assert.deepEqual([agent.last(), asked], [["the service does not run"], 1]);
});

test("a page that is not there, answers otherwise or has another format is unreachable, with the reason", async () => {
  await using json = await serveHttp(text('{"peers":1}', "application/json"));
  await using broken = await serveHttp((_, response) => response.writeHead(503).end());
  const at = (url: string): string => `{scrape: {prometheus: {url: "${url}/metrics"}}}`;
  const gone = await closedPort();
  await using agent = scraping({ json: at(json.url), broken: at(broken.url), gone: at(`http://127.0.0.1:${gone}`) });
  await until(() => ["json", "broken", "gone"].every((name) => agent.of(name).length > 1));
  assert.deepEqual(agent.last("json"), [`${json.url}/metrics is JSON, not Prometheus' text format`]);
  assert.deepEqual(agent.last("broken"), [`${broken.url}/metrics answered 503`]);
  assert.match(agent.last("gone")[0] ?? "", /ECONNREFUSED/);
});

test("a password in the URL of a page is in no reason", async () => {
  await using page = await serveHttp(text("a b", "text/plain"));
  await using broken = await serveHttp((_, response) => response.writeHead(503).end());
  const secret = ({ url }: { url: string }): string => url.replace("//", "//me:s3cret@");
  await using agent = scraping({
    text: `{scrape: {prometheus: {url: "${secret(page)}"}}}`,
    json: `{scrape: {json: {url: "${secret(page)}", values: {a: {path: $.a}}}}}`,
    broken: `{scrape: {prometheus: {url: "${secret(broken)}"}}}`,
  });
  await until(() => ["text", "json", "broken"].every((name) => agent.of(name).length > 1));
  for (const name of ["text", "json", "broken"])
    assert.match(
      agent.last(name)[0] ?? "",
      /^http:\/\/me:\[redacted\]@127\.0\.0\.1:\d+\/?(:| is no JSON| answered 503)/,
    );
});

test("a source that hangs is unreachable when its time is over, and asked one question at a time", async () => {
  let open = 0;
  let most = 0;
  await using page = await serveHttp((_, response) => {
    most = Math.max(most, ++open);
    response.on("close", () => open--);
  });
  await using agent = scraping({ web: `{scrape: {prometheus: {url: "${page.url}"}, every: 60ms, timeout: 50ms}}` });
  await until(() => agent.of("web").length > 3);
  assert.deepEqual([agent.last(), most], [["no answer within 50 ms"], 1]);
});

test("numbers are picked out of JSON: numbers, numbers as text, true and false; what is not there or null is absent", async () => {
  const page = { a: { "b.c": [{ n: "x", depth: 7 }] }, text: "2.5", yes: true, no: false, none: null };
  await using server = await serveHttp(text(JSON.stringify(page), "application/json"));
  const values = `{depth: {path: "$.a['b.c'][?@.n == 'x'].depth", type: counter, labels: {q: x}}, text: {path: $.text}, yes: {path: $.yes}, no: {path: $.no}, none: {path: $.none}, gone: {path: $.gone.deep}}`;
  await using agent = scraping({ web: `{scrape: {json: {url: "${server.url}", values: ${values}}}}` });
  await until(() => agent.of("web").length > 1);
  assert.deepEqual(agent.last(), ['depth{"q":"x"} 7 counter', "text{} 2.5 gauge", "yes{} 1 gauge", "no{} 0 gauge"]);
});

const wrong: [path: string, body: string, reason: RegExp][] = [
  ["$.a", '{"a":"many"}', /: \$\.a is no number: "many"$/],
  ["$.a", '{"a":{}}', /is no number: \{\}$/],
  ["$.a[*]", '{"a":[1,2]}', /\$\.a\[\*\] finds 2 values, not one$/],
  ["$.a", "<html>", /is no JSON$/],
  ["$.a[?", "{}", /a \] is missing/],
  ["$.a[]", "{}", /the path \$\.a\[\]: /],
];

for (const [path, body, reason] of wrong)
  test(`${path} of ${body} is unreachable, with the reason`, async () => {
    await using server = await serveHttp(text(body, "application/json"));
    const settings = { web: `{scrape: {json: {url: "${server.url}", values: {a: {path: "${path}"}}}}}` };
    if (path === "$.a[?") {
      assert.throws(() => services(settings), reason);
      return;
    }
    await using agent = scraping(settings);
    await until(() => agent.of("web").length > 1);
    assert.match(agent.last()[0] ?? "", reason);
  });

test("a program writes its numbers as text, as JSON or as one number", async () => {
  const exec = (its: string): string => `{scrape: {exec: {${its}}}}`;
  await using agent = scraping({
    text: exec('command: [echo, "n 1"], format: prometheus'),
    json: exec('command: [echo, "[4]"], format: json, values: {first: {path: "$[0]"}}'),
    one: exec('command: [sh, -c, "echo $N"], env: {N: 12}, format: number, values: {n: {help: Twelve}}'),
    bad: exec('command: [sh, -c, "echo oh dear >&2; exit 3"], format: prometheus'),
    none: exec("command: [/no/such/program], format: prometheus"),
  });
  await until(() => ["text", "json", "one", "bad", "none"].every((name) => agent.of(name).length > 1));
  assert.deepEqual(
    [agent.last("text"), agent.last("json"), agent.last("one")],
    [["n{} 1 untyped"], ["first{} 4 gauge"], ["n{} 12 gauge"]],
  );
  assert.match(agent.last("bad")[0] ?? "", /^sh .*3.*: oh dear$/);
  assert.match(agent.last("none")[0] ?? "", /could not be started/);
});

test("a program that does not end is ended with all it started", async () => {
  using dir = tempDir();
  const script = dir.write("slow.sh", `#!/bin/sh\nsleep 1000 &\necho $! >${dir.at("pid")}\nwait\n`, 0o755);
  await using agent = scraping({ web: `{scrape: {exec: {command: [${script}], format: prometheus}, timeout: 2s}}` });
  await until(() => agent.last()[0]?.startsWith("no answer"));
  const pid = Number(readFileSync(dir.at("pid"), "utf8"));
  await until(() => statOf(pid)?.ended ?? true, "its child is gone");
});

test("lines add up from when it begins to look, over a stop of the service, and anew when the source is another one", async () => {
  using dir = tempDir();
  const stdout = dir.write("web.main.stdout", "took 1 s\ntook 2");
  const other = dir.write("web-2.main.stdout", "");
  const log = (type: string, more = ""): string =>
    `{scrape: {every: 100ms, timeout: 100ms, log: {${more}values: {took: {match: "took (?<value>[0-9.]+) s", type: ${type}}}}}}`;
  await using agent = scraping({ web: log("counter") }, { spools: dir.path });
  const is = (...series: string[]): Promise<unknown> =>
    until(() => agent.last().join() === series.join(), series.join());
  await is("took{} 0 counter");
  appendFileSync(stdout, "0 s\ntook so");
  appendFileSync(other, "took 7 s\n");
  await is("took{} 20 counter");
  dir.write("web.main.stderr", "took 1.5 s\n");
  await is("took{} 21.5 counter");
  agent.bus.publish(exited("web"));
  appendFileSync(stdout, "me\ntook 3 s\n");
  assert.deepEqual(agent.last(), ["the service does not run"]);
  agent.bus.publish(started("web"));
  await is("took{} 24.5 counter");
  await agent.room.prepare(services({ web: log("gauge", "stream: stdout, ") })).commit(new AbortController().signal);
  await until(() => agent.last().length === 0, "nothing has come yet");
  dir.write("web.main.stderr", "took 1.5 s\ntook 5 s\n");
  appendFileSync(stdout, "took 4 s\n");
  await is("took{} 4 gauge");
});

test("output that cannot be read is told, and read when it can be", async () => {
  using dir = tempDir();
  mkdirSync(dir.at("web.main.stdout"));
  await using agent = scraping(
    { web: `{scrape: {every: 100ms, timeout: 100ms, log: {values: {n: {match: x, type: counter}}}}}` },
    { spools: dir.path },
  );
  await until(() => agent.last()[0]?.startsWith("its output could not be read: EISDIR"), "it is told");
  rmdirSync(dir.at("web.main.stdout"));
  await until(() => agent.last()[0] === "n{} 0 counter", "it looks");
});

test("too many series are told once, and once that they are no longer too many", async () => {
  let count = 3;
  await using page = await serveHttp((_, response) =>
    response.end(Array.from({ length: count }, (__, at) => `n${at} 1\n`).join("")),
  );
  await using agent = scraping({
    web: `{max_series: 2, scrape: {prometheus: {url: "${page.url}"}, every: 500ms, timeout: 500ms}}`,
  });
  const told = (): string[] => agent.types().filter((type) => type.startsWith("agent."));
  await until(() => agent.of("web").filter(({ outcome }) => outcome === "scraped").length > 1);
  assert.deepEqual(told(), ["agent.degraded"]);
  const first = agent.of("web").find((sample) => sample.outcome === "scraped");
  const kept = first?.outcome === "scraped" ? first.families.map(({ name }) => name) : [];
  assert.deepEqual([kept, first?.outcome === "scraped" && first.dropped], [["n0", "n1"], 1]);
  count = 2;
  await until(() => told().length > 1);
  assert.deepEqual(told(), ["agent.degraded", "agent.recovered"]);
});

test("a reload touches only the sources that have changed", async () => {
  await using page = await serveHttp(text("n 1\n"));
  const source = (name: string): string => `{name: ${name}, prometheus: {url: "${page.url}"}}`;
  await using agent = scraping({
    same: `{scrape: ${source("a")}}`,
    other: `{scrape: [${source("a")}, ${source("b")}]}`,
    gone: `{scrape: ${source("a")}}`,
  });
  await until(() => ["same", "other", "gone"].every((name) => agent.last(name)[0] === "n{} 1 untyped"));
  const before = agent.of("same").length;
  const prepared = agent.room.prepare(
    services({
      same: `{scrape: ${source("a")}}`,
      other: `{scrape: {labels: {x: y}, ${source("b").slice(1)}}`,
      fresh: `{scrape: ${source("a")}}`,
    }),
  );
  await prepared.commit(new AbortController().signal);
  assert.equal(agent.of("same").length, before);
  assert.deepEqual(agent.last("other"), ["it has not been asked yet"]);
  assert.deepEqual(agent.last("fresh"), ["the service does not run"]);
  const forgotten = agent.samples.filter((sample) => sample.type === "series.forgotten");
  assert.deepEqual(
    forgotten.map(({ service, source: name }) => `${service}/${name}`),
    ["other/a", "gone/a"],
  );
  await until(() => agent.last("other")[0] === 'n{"x":"y"} 1 untyped');
});

test("another bound holds from the next look on, and no source is asked anew for it", async () => {
  await using page = await serveHttp(text("a 1\nb 2\n"));
  const source = `scrape: {prometheus: {url: "${page.url}"}, every: 500ms, timeout: 500ms}`;
  await using agent = scraping({ web: `{${source}}` });
  await until(() => agent.last().length === 2);
  await agent.room.prepare(services({ web: `{${source}, max_series: 1}` })).commit(new AbortController().signal);
  assert.notDeepEqual(agent.last(), ["it has not been asked yet"]);
  await until(() => agent.last().join() === "a{} 1 untyped");
  assert.ok(agent.types().includes("agent.degraded"));
  await agent.room.prepare(services({ web: "{}" })).commit(new AbortController().signal);
  assert.equal(agent.types().at(-1), "agent.recovered");
});

test("nothing is told and nothing is left when it ends in the middle of a question", async () => {
  let asked = false;
  await using page = await serveHttp(() => (asked = true));
  const agent = scraping({ web: `{scrape: {prometheus: {url: "${page.url}"}}}` });
  await until(() => asked);
  const { length } = agent.samples;
  await agent[Symbol.asyncDispose]();
  assert.equal(agent.samples.length, length);
});
