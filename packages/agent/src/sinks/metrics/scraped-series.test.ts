import assert from "node:assert/strict";
import { test } from "node:test";
import type { Family, FamilyType, HostEvent, Labels, Scraped } from "@ostler/protocol";
import type { Sight } from "../../core/series.js";
import { configured, recordingBus, started } from "../../testing/bus.js";
import { Metrics } from "./metrics.js";

const openMetrics = "application/openmetrics-text; version=1.0.0";

/** A family with one series for each of these label sets, with the values 1, 2, … */
function family(name: string, labels: Labels[] = [{}], type: FamilyType = "gauge", help = ""): Family {
  return { name, type, help, points: labels.map((its, at) => ({ name, labels: its, value: at + 1 })) };
}

function scraped(...families: Family[]): Scraped {
  return { outcome: "scraped", families, dropped: 0 };
}

const down: Scraped = { outcome: "unreachable", reason: "connection refused" };

/** Metrics on a real bus. */
function measured() {
  const { bus } = recordingBus();
  const journal = { bytes: 0, first: 0, durable: 0 };
  const metrics = new Metrics({ state: () => bus.state, journal: () => journal, version: "1" });
  bus.subscribe("metrics", metrics.follow);
  bus.onSample("metrics", metrics.take);
  const render = async (accept = ""): Promise<string> => (await metrics.render(accept)).text;
  return {
    bus,
    metrics,
    render,
    scrape: (service: string, seen: Scraped, source = "main", at = 5) =>
      bus.sample({ type: "series.scraped", service, source, at, tookMs: 20, ...seen }),
    live: (...story: HostEvent[]) => story.forEach((event) => bus.publish(event)),
    /** The lines that contain a text, headers too. */
    lines: async (text: string, accept = ""): Promise<string[]> =>
      (await render(accept)).split("\n").filter((line) => line.includes(text)),
    [Symbol.dispose]: () => metrics[Symbol.dispose](),
  };
}

/** What is seen, as `labels value@time`, or why not. */
function inWords(sight: Sight): string[] {
  if (sight.is !== "seen") return [`${sight.is}: ${sight.reason}`];
  return sight.readings.map(({ labels, value, atMs }) => `${JSON.stringify(labels)} ${value}@${atMs}`);
}

test("what a service shows is shown with the label service first", async () => {
  using agent = measured();
  agent.scrape("web", scraped(family("peers", [{}, { a: 'x"\\\n' }], "gauge", "Peers\nnow")));
  assert.deepEqual(await agent.lines("peers"), [
    "# HELP peers Peers\\nnow",
    "# TYPE peers gauge",
    'peers{service="web"} 1',
    'peers{service="web",a="x\\"\\\\\\n"} 2',
  ]);
});

test("a label service of its own is kept under another name", async () => {
  using agent = measured();
  agent.scrape("web", scraped(family("peers", [{ service: "x", exported_service: "y" }])));
  assert.deepEqual(await agent.lines("peers{"), [
    'peers{service="web",exported_exported_service="x",exported_service="y"} 1',
  ]);
});

test("a metric that several services show has one header; another type than the first is left out and counted", async () => {
  using agent = measured();
  agent.scrape("a", scraped(family("peers"), family("only_a")));
  agent.scrape("b", scraped(family("peers")));
  agent.scrape("c", scraped(family("peers", [{}, { x: "y" }], "counter")));
  assert.deepEqual(await agent.lines("peers"), ["# TYPE peers gauge", 'peers{service="a"} 1', 'peers{service="b"} 1']);
  assert.deepEqual(await agent.lines('dropped_total{service="c"}'), ['ostler_series_dropped_total{service="c"} 2']);
});

test("a source may show a metric with another type when nobody else shows it", async () => {
  using agent = measured();
  agent.scrape("a", scraped(family("peers")));
  agent.scrape("a", scraped(family("peers", [{}], "counter")));
  agent.scrape("b", scraped(family("peers", [{}], "counter")));
  assert.deepEqual(await agent.lines("peers{"), ['peers{service="a"} 1', 'peers{service="b"} 1']);
  agent.scrape("a", scraped(family("peers")));
  assert.deepEqual(await agent.lines("peers{"), ['peers{service="b"} 1']);
  agent.live(configured("b"), { type: "service.removed", data: { service: "b" } });
  agent.scrape("a", scraped(family("peers")));
  assert.deepEqual(await agent.lines("peers{"), ['peers{service="a"} 1']);
});

test("what has the name of one of the agent's metrics is left out and counted", async () => {
  using agent = measured();
  const taken = ["ostler_anything", "process_cpu_seconds_total", "nodejs_gc_duration_seconds_sum"];
  agent.scrape("web", scraped(...taken.map((name) => family(name)), family("mine")));
  assert.deepEqual(await agent.lines('dropped_total{service="web"}'), ['ostler_series_dropped_total{service="web"} 3']);
  assert.deepEqual(await agent.lines('mine{service="web"}'), ['mine{service="web"} 1']);
  assert.deepEqual(await agent.lines("ostler_anything"), []);
});

test("no series is there twice, neither in one source nor in two of a service", async () => {
  using agent = measured();
  agent.scrape("web", scraped(family("n", [{ a: "1" }, { a: "1" }])), "first");
  agent.scrape("web", scraped(family("n", [{ a: "1" }, { a: "2" }])), "second");
  assert.deepEqual(await agent.lines("n{"), ['n{service="web",a="1"} 1', 'n{service="web",a="2"} 2']);
  assert.deepEqual(await agent.lines('dropped_total{service="web"}'), ['ostler_series_dropped_total{service="web"} 2']);
});

test("OpenMetrics names counters without _total, and calls those unknown that have none", async () => {
  using agent = measured();
  agent.scrape(
    "web",
    scraped(family("a_total", [{}], "counter"), family("rotations", [{}], "counter"), family("u", [{}], "untyped")),
  );
  const text = await agent.render(openMetrics);
  for (const part of [
    '# TYPE a counter\na_total{service="web"} 1\n',
    '# TYPE rotations unknown\nrotations{service="web"} 1\n',
    "# TYPE u unknown\n",
  ])
    assert.ok(text.includes(part), part);
  assert.ok(text.endsWith("\n# EOF\n"));
  assert.deepEqual(await agent.lines("# TYPE rotations"), ["# TYPE rotations counter"]);
});

test("numbers that are none are written as Prometheus does", async () => {
  using agent = measured();
  const points = [NaN, Infinity, -Infinity, 1e21].map((value, at) => ({
    name: "n",
    labels: { at: String(at) },
    value,
  }));
  agent.scrape("web", scraped({ name: "n", type: "gauge", help: "", points }));
  assert.deepEqual(
    (await agent.lines("n{")).map((line) => line.split(" ")[1]),
    ["NaN", "+Inf", "-Inf", "1e+21"],
  );
});

test("a source that does not answer shows nothing more, and says so", async () => {
  using agent = measured();
  const upOf = async (): Promise<string[]> =>
    (await agent.lines("ostler_scrape_")).filter((line) => !line.startsWith("#"));
  agent.scrape("web", scraped(family("n")), "main", 7000);
  assert.deepEqual(await upOf(), [
    'ostler_scrape_up{service="web",source="main"} 1',
    'ostler_scrape_duration_seconds{service="web",source="main"} 0.02',
    'ostler_scrape_series{service="web",source="main"} 1',
    'ostler_scrape_last_success_timestamp_seconds{service="web",source="main"} 7',
  ]);
  agent.scrape("web", down, "main", 9000);
  assert.deepEqual(await agent.lines("n{"), []);
  assert.equal((await upOf())[0], 'ostler_scrape_up{service="web",source="main"} 0');
  assert.equal((await upOf())[3], 'ostler_scrape_last_success_timestamp_seconds{service="web",source="main"} 7');
});

test("a source or a service that is gone leaves nothing", async () => {
  using agent = measured();
  agent.live(configured("web"));
  agent.scrape("web", scraped(family("n"), family("ostler_x")), "one");
  agent.scrape("web", scraped(family("m")), "two");
  agent.bus.sample({ type: "series.forgotten", service: "web", source: "one" });
  assert.deepEqual(await agent.lines('"one"'), []);
  assert.deepEqual(await agent.lines("m{"), ['m{service="web"} 1']);
  agent.live({ type: "service.removed", data: { service: "web" } });
  assert.deepEqual(await agent.lines('service="web"'), []);
});

test("the figures of the host are shown without a service", async () => {
  using agent = measured();
  agent.bus.sample({
    type: "host.measured",
    at: 3,
    families: [family("ostler_host_load", [{}, { cpu: "0" }])],
    failed: {},
  });
  assert.deepEqual(await agent.lines("ostler_host_load"), [
    "# TYPE ostler_host_load gauge",
    "ostler_host_load 1",
    'ostler_host_load{cpu="0"} 2',
  ]);
  assert.deepEqual(inWords(agent.metrics.look("ostler_host_load", "web", { cpu: "0" })), ['{"cpu":"0"} 2@3']);
});

test("a look finds what the service shows, with its labels and its time", () => {
  using agent = measured();
  agent.scrape("web", scraped(family("n", [{ a: "1" }, { a: "2" }])), "main", 11);
  agent.scrape("db", scraped(family("n", [{ a: "1" }])), "main", 12);
  const look = (service: string, labels?: Labels): string[] => inWords(agent.metrics.look("n", service, labels));
  assert.deepEqual(look("web"), ['{"service":"web","a":"1"} 1@11', '{"service":"web","a":"2"} 2@11']);
  assert.deepEqual(look("web", { a: "2" }), ['{"service":"web","a":"2"} 2@11']);
  assert.deepEqual(look("db"), ['{"service":"db","a":"1"} 1@12']);
  assert.deepEqual(look("web", { a: "3" }), ["absent: no source of web shows it"]);
  assert.deepEqual(look("nobody"), ["absent: nothing shows n"]);
});

test("a look finds the parts of a histogram by their names", () => {
  using agent = measured();
  const points = [
    { name: "h_bucket", labels: { le: "1" }, value: 3 },
    { name: "h_sum", labels: {}, value: 2.5 },
  ];
  agent.scrape("web", scraped({ name: "h", type: "histogram", help: "", points }));
  assert.deepEqual(inWords(agent.metrics.look("h_sum", "web")), ['{"service":"web"} 2.5@5']);
  assert.deepEqual(inWords(agent.metrics.look("h_bucket", "web", { le: "1" })), ['{"service":"web","le":"1"} 3@5']);
});

test("a look sees the agent's own metrics as they are now", () => {
  using agent = measured();
  agent.live(configured("web"), configured("db"), started("web"));
  agent.bus.sample({ type: "check.probed", service: "web", check: "up", ok: true, tookMs: 2 });
  const values = (metric: string, labels?: Labels): string[] =>
    inWords(agent.metrics.look(metric, "web", labels)).map((text) => text.replace(/@.*/, ""));
  assert.deepEqual(values("ostler_process_up"), ['{"service":"web","process":"main"} 1']);
  assert.deepEqual(values("ostler_check_duration_seconds_count"), ['{"service":"web","check":"up"} 1']);
  assert.deepEqual(values("ostler_check_duration_seconds_bucket", { le: "0.005" }), [
    '{"le":"0.005","service":"web","check":"up"} 1',
  ]);
  assert.deepEqual(values("ostler_journal_bytes"), ["{} 0"]);
  assert.deepEqual(values("ostler_check_up"), ["absent: there is no such series of ostler_check_up"]);
});

test("what only a source that is down could show is unreachable; what one that answers does not show is absent", () => {
  using agent = measured();
  const look = (metric: string): string[] => inWords(agent.metrics.look(metric, "web"));
  agent.scrape("web", down, "one");
  assert.deepEqual(look("n"), ["unreachable: source one: connection refused"]);
  agent.scrape("web", scraped(family("m")), "two");
  assert.deepEqual(look("n"), ["unreachable: source one: connection refused"], "nobody knows what it would show");
  agent.scrape("web", scraped(family("m2")), "one");
  agent.scrape("web", down, "one");
  assert.deepEqual(look("n"), ["absent: no source of web shows it"], "it did not show it when it answered");
  agent.scrape("web", scraped(family("n")), "one");
  agent.scrape("web", down, "one");
  agent.scrape("web", down, "one");
  assert.deepEqual(look("n"), ["unreachable: source one: connection refused"]);
  assert.deepEqual(look("m"), ['{"service":"web"} 1@5']);
});
