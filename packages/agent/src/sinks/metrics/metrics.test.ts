import assert from "node:assert/strict";
import { test } from "node:test";
import type { HostEvent } from "@ostler/protocol";
import { configured, exited, recordingBus, started } from "../../testing/bus.js";
import { FakeClock } from "../../testing/fake-clock.js";
import { until } from "../../testing/until.js";
import { metrics as catalogue } from "./catalogue.js";
import { Metrics } from "./metrics.js";

const openMetrics = "application/openmetrics-text; version=1.0.0";
const check = { service: "web", check: "up", role: "readiness" } as const;
const passed: HostEvent = { type: "check.passed", data: { ...check, tookMs: 1 } };
const failed: HostEvent = { type: "check.failed", data: { ...check, reason: "no", failures: 1 } };
const restarted: HostEvent = {
  type: "service.restarted",
  data: { service: "web", process: "main", run: 2, pid: 4243, startTicks: 2, attempt: 1, because: "it ended" },
};

/** Metrics on a real bus. */
function measured() {
  const { bus } = recordingBus();
  const journal = { bytes: 1000, first: 3, durable: 7 };
  const metrics = new Metrics({ state: () => bus.state, journal: () => journal, version: "1.2.3" });
  bus.subscribe("metrics", metrics.follow);
  bus.onSample("metrics", metrics.take);
  const text = async (accept = ""): Promise<string> => (await metrics.render(accept)).text;
  return {
    bus,
    metrics,
    text,
    live: (...story: HostEvent[]) => story.forEach((event) => bus.publish(event)),
    /** The samples of a metric, without its name: labels and value. */
    samples: async (name: string): Promise<string[]> =>
      (await text())
        .split("\n")
        .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
        .map((line) => line.slice(name.length).trim()),
    [Symbol.dispose]: () => metrics[Symbol.dispose](),
  };
}

test("who asks for nothing in particular gets Prometheus text", async () => {
  using agent = measured();
  for (const accept of ["", "*/*", "text/plain", "text/html"]) {
    const { contentType, text } = await agent.metrics.render(accept);
    assert.match(contentType, /^text\/plain; version=0\.0\.4/);
    assert.ok(text.includes('ostler_build_info{version="1.2.3"'));
    assert.ok(!text.includes("# EOF"));
  }
});

test("who asks for OpenMetrics gets it, with its end marked", async () => {
  using agent = measured();
  agent.live(configured("web"), started("web"));
  const { contentType, text } = await agent.metrics.render(`${openMetrics},text/plain;q=0.5`);
  assert.match(contentType, /^application\/openmetrics-text; version=1\.0\.0/);
  assert.ok(text.endsWith("\n# EOF\n"));
  assert.match(text, /^# TYPE ostler_events counter$/m);
  assert.match(text, /^ostler_events_total\{type="ostler\.service\.started"\} 1$/m);
});

test("two scrapers of different tastes at once each get their own", async () => {
  using agent = measured();
  const rendered = await Promise.all(["", openMetrics, "", openMetrics].map((accept) => agent.metrics.render(accept)));
  assert.deepEqual(
    rendered.map(({ text }) => text.endsWith("# EOF\n")),
    [false, true, false, true],
  );
});

test("every metric has its help and its type, and is there before anything happened where it can be", async () => {
  using agent = measured();
  const text = await agent.text();
  for (const { name, help, type } of Object.values(catalogue)) {
    assert.ok(text.includes(`# HELP ${name} ${help}\n`), name);
    assert.ok(text.includes(`# TYPE ${name} ${type}\n`), name);
    assert.match(name, type === "counter" ? /_total$/ : /^(?!.*_total$)/);
  }
});

test("a service has series from the moment it is there, and none when it is gone", async () => {
  using agent = measured();
  assert.deepEqual(await agent.samples("ostler_service_ready"), []);
  agent.live(configured("web", ["up"]), started("web"), passed, exited("web"), restarted);
  agent.bus.sample({ type: "check.probed", service: "web", check: "up", ok: true, tookMs: 2 });
  assert.ok((await agent.text()).includes('service="web"'));
  agent.live({ type: "service.removed", data: { service: "web" } });
  assert.ok(!(await agent.text()).includes('service="web"'));
});

test("a service that goes takes only its own series with it", async () => {
  using agent = measured();
  for (const service of ["web", "db"]) {
    agent.live(configured(service), started(service), exited(service));
    agent.bus.sample({ type: "check.probed", service, check: "up", ok: true, tookMs: 2 });
  }
  agent.live({ type: "service.removed", data: { service: "web" } });
  assert.deepEqual(await agent.samples("ostler_process_exits_total"), ['{service="db",process="main",kind="code"} 1']);
  assert.deepEqual(await agent.samples("ostler_check_probes_total"), ['{service="db",check="up",result="passed"} 1']);
  assert.deepEqual(await agent.samples("ostler_check_duration_seconds_count"), ['{service="db",check="up"} 1']);
});

test("a process is up or down, and has a start time only while it is up", async () => {
  using agent = measured();
  const labels = '{service="web",process="main"}';
  agent.live(configured("web"));
  assert.deepEqual(await agent.samples("ostler_process_up"), [`${labels} 0`]);
  assert.deepEqual(await agent.samples("ostler_process_start_time_seconds"), []);
  agent.live(started("web"));
  assert.deepEqual(await agent.samples("ostler_process_up"), [`${labels} 1`]);
  assert.deepEqual(await agent.samples("ostler_process_start_time_seconds"), [
    `${labels} ${Date.UTC(2026, 0, 1) / 1000}`,
  ]);
  agent.live(exited("web"));
  assert.deepEqual(await agent.samples("ostler_process_up"), [`${labels} 0`]);
  assert.deepEqual(await agent.samples("ostler_process_start_time_seconds"), []);
});

test("restarts and exits are counted for each process", async () => {
  using agent = measured();
  agent.live(configured("web"), started("web"), exited("web"), restarted, exited("web"), restarted);
  assert.deepEqual(await agent.samples("ostler_process_restarts_total"), ['{service="web",process="main"} 2']);
  assert.deepEqual(await agent.samples("ostler_process_exits_total"), ['{service="web",process="main",kind="code"} 2']);
});

test("a check that has not answered yet is absent: neither good nor bad", async () => {
  using agent = measured();
  const labels = '{service="web",check="up",role="readiness"}';
  agent.live(configured("web", ["up"]), started("web"));
  assert.deepEqual(await agent.samples("ostler_check_up"), []);
  agent.live(passed);
  assert.deepEqual(await agent.samples("ostler_check_up"), [`${labels} 1`]);
  agent.live(failed);
  assert.deepEqual(await agent.samples("ostler_check_up"), [`${labels} 0`]);
  agent.live(restarted);
  assert.deepEqual(await agent.samples("ostler_check_up"), []);
});

test("probes are counted by result and timed in seconds", async () => {
  using agent = measured();
  for (const ok of [true, true, false])
    agent.bus.sample({ type: "check.probed", service: "web", check: "up", ok, tookMs: 20 });
  assert.deepEqual(await agent.samples("ostler_check_probes_total"), [
    '{service="web",check="up",result="passed"} 2',
    '{service="web",check="up",result="failed"} 1',
  ]);
  assert.deepEqual(await agent.samples("ostler_check_duration_seconds_sum"), ['{service="web",check="up"} 0.06']);
  assert.ok(
    (await agent.samples("ostler_check_duration_seconds_bucket")).includes('{le="0.025",service="web",check="up"} 3'),
  );
});

test("requests are counted by route, and journal writes are timed", async () => {
  using agent = measured();
  agent.bus.sample({ type: "http.answered", route: "/health", method: "GET", status: 200, tookMs: 1 });
  agent.bus.sample({ type: "journal.written", events: 5, bytes: 100, tookMs: 10 });
  assert.deepEqual(await agent.samples("ostler_http_requests_total"), [
    '{route="/health",method="GET",status="200"} 1',
  ]);
  assert.deepEqual(await agent.samples("ostler_journal_write_duration_seconds_count"), ["1"]);
  assert.deepEqual(await agent.samples("ostler_journal_bytes"), ["1000"]);
  assert.deepEqual(
    [await agent.samples("ostler_journal_first_seq"), await agent.samples("ostler_journal_last_seq")],
    [["3"], ["7"]],
  );
});

test("what was given back of the output of a process is counted in bytes", async () => {
  using agent = measured();
  const freed = { type: "output.freed", service: "web", process: "main", stream: "stdout" } as const;
  agent.bus.sample({ ...freed, bytes: 100 });
  agent.bus.sample({ ...freed, bytes: 50 });
  assert.deepEqual(await agent.samples("ostler_output_freed_bytes_total"), [
    '{service="web",process="main",stream="stdout"} 150',
  ]);
});

test("commands are counted by outcome, and a name nobody knows opens no new series", async () => {
  using agent = measured();
  const command = (id: string, name = "service.stop") => ({ id, name, actor: { kind: "cli", name: "local" } }) as const;
  agent.live(
    { type: "command.accepted", data: { ...command("1"), args: {} } },
    { type: "command.finished", data: { ...command("1"), outcome: "succeeded", tookMs: 1500 } },
    { type: "command.rejected", data: { ...command("2"), code: "not-permitted", message: "no" } },
    { type: "command.rejected", data: { ...command("3", "x1"), code: "unknown-command", message: "no" } },
    { type: "command.rejected", data: { ...command("4", "x2"), code: "unknown-command", message: "no" } },
  );
  assert.deepEqual(await agent.samples("ostler_commands_total"), [
    '{name="service.stop",outcome="succeeded"} 1',
    '{name="service.stop",outcome="rejected"} 1',
    '{name="other",outcome="rejected"} 2',
  ]);
  assert.deepEqual(await agent.samples("ostler_command_duration_seconds_sum"), ['{name="service.stop"} 1.5']);
});

test("the last reload was good or not, and when the running configuration came", async () => {
  using agent = measured();
  const applied: HostEvent = { type: "config.applied", data: { file: "f", hash: "h", changes: [] } };
  agent.live(applied);
  assert.deepEqual(await agent.samples("ostler_config_last_reload_successful"), ["1"]);
  agent.live({ type: "config.rejected", data: { file: "f", problems: ["p"] } });
  assert.deepEqual(await agent.samples("ostler_config_last_reload_successful"), ["0"]);
  agent.live(applied);
  assert.deepEqual(await agent.samples("ostler_config_last_reload_successful"), ["1"]);
  const appliedAt = await agent.samples("ostler_config_last_reload_success_timestamp_seconds");
  assert.deepEqual(appliedAt, [String(Date.UTC(2026, 0, 1) / 1000)]);
});

test("a degraded part and a lost controller have series while it lasts", async () => {
  using agent = measured();
  agent.live(
    { type: "agent.degraded", data: { part: "journal", reason: "full" } },
    { type: "controller.connected", data: { controller: "c", direction: "outbound", session: "s", peer: "p" } },
  );
  assert.deepEqual(await agent.samples("ostler_degraded"), ['{part="journal"} 1']);
  assert.deepEqual(await agent.samples("ostler_controller_connected"), ['{controller="c"} 1']);
  agent.live(
    { type: "agent.recovered", data: { part: "journal" } },
    { type: "controller.disconnected", data: { controller: "c", direction: "outbound", code: 1006, reason: "" } },
  );
  assert.deepEqual(await agent.samples("ostler_degraded"), []);
  assert.deepEqual(await agent.samples("ostler_controller_connected"), ['{controller="c"} 0']);
});

test("alerts that fire are counted by rule; what a rule compares with, and that it is blind, has a series while it lasts", async () => {
  using agent = measured();
  const ofRule = { service: "web", rule: "deep" };
  const alert = { ...ofRule, severity: "critical" as const, summary: "deep" };
  const actor = { kind: "cli", name: "local" } as const;
  agent.live(
    configured("web"),
    { type: "alert.fired", data: { ...alert, labels: { q: "a" } } },
    { type: "alert.fired", data: { ...alert, labels: { q: "b" } } },
    { type: "alert.pending", data: { ...alert, labels: { q: "c" }, forMs: 1 } },
    { type: "rule.baselined", data: { ...ofRule, value: 12.5, actor } },
    { type: "rule.blinded", data: { ...ofRule, because: "absent", reason: "gone" } },
  );
  const rule = '{service="web",rule="deep"}';
  assert.deepEqual(await agent.samples("ostler_alert_firing"), ['{service="web",rule="deep",severity="critical"} 2']);
  assert.deepEqual(await agent.samples("ostler_rule_baseline"), [`${rule} 12.5`]);
  assert.deepEqual(await agent.samples("ostler_rule_blind"), [`${rule} 1`]);
  const over = { ...ofRule, severity: "critical" as const, fired: true, because: "passed" as const };
  agent.live(
    { type: "alert.resolved", data: { ...over, labels: { q: "a" } } },
    { type: "alert.resolved", data: { ...over, labels: { q: "b" } } },
    { type: "rule.restored", data: ofRule },
  );
  assert.deepEqual(await agent.samples("ostler_alert_firing"), []);
  assert.deepEqual(await agent.samples("ostler_rule_blind"), []);
  assert.deepEqual(await agent.samples("ostler_rule_baseline"), [`${rule} 12.5`]);
});

test("the agent tells what it costs, and its CPU time only grows", async () => {
  using agent = measured();
  const value = async (name: string): Promise<number> => Number((await agent.samples(name))[0]);
  assert.ok((await value("process_resident_memory_bytes")) > 1024 * 1024);
  assert.ok((await value("nodejs_heap_size_used_bytes")) > 1024 * 1024);
  const before = await value("process_cpu_seconds_total");
  assert.ok(before > 0);
  assert.ok((await value("process_cpu_seconds_total")) >= before);
});

test("a loop that is held up shows it in the next scrape, and in no later one", async () => {
  using agent = measured();
  const lag = async (): Promise<number> => Number((await agent.samples("ostler_event_loop_lag_seconds"))[0]);
  const holdUp = async (ms: number): Promise<void> => {
    for (const end = performance.now() + ms; performance.now() < end;);
    await new Promise((resolve) => setTimeout(resolve));
  };
  await until(async () => {
    await holdUp(350);
    await holdUp(350);
    return (await lag()) > 0.1;
  });
  await until(async () => (await lag()) < 0.1);
});

test("many looks read the state and the journal once a second, and a scrape reads them as they are", async () => {
  const clock = new FakeClock();
  const { bus } = recordingBus(clock);
  let reads = 0;
  const journal = () => ({ bytes: ++reads, first: 0, durable: 0 });
  using metrics = new Metrics({ state: () => bus.state, journal, version: "1", clock });
  const up = (): number => {
    const sight = metrics.look("ostler_process_up", "web");
    return sight.is === "seen" ? (sight.readings[0]?.value ?? NaN) : NaN;
  };
  bus.publish(configured("web"));
  for (let look = 0; look < 1000; look++) assert.equal(up(), 0);
  assert.equal(reads, 1);
  bus.publish(started("web"));
  clock.advance(999);
  assert.equal(up(), 0);
  assert.ok((await metrics.render("")).text.includes('ostler_process_up{service="web",process="main"} 1'));
  clock.advance(1);
  assert.equal(up(), 1);
  assert.equal(reads, 3);
});
