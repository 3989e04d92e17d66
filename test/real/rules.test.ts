import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { initialState } from "@ostler/protocol";
import { TestAgent } from "../helpers/agent.js";
import { promtool, promtoolTests, type AlertTest, type ExprTest } from "./promtool.js";
import {
  Bus,
  evaluate,
  FakeClock,
  fillIn,
  inputSeries,
  loadConfigOrThrow,
  Looks,
  looksOf,
  promqlOf,
  Rules,
  rulesOf,
  seenAt,
  stepMs,
  type Recorded,
} from "./rules.js";
import { needs } from "./tools.js";

const example = fileURLToPath(new URL("../../../examples/rules.yaml", import.meta.url));
const ofAgent = { job: "ostler", instance: "node-a:9680" };

/** Values from 0 on, each the one before and so much more. */
const counted = (...steps: number[]): number[] =>
  steps.map((_, at) => steps.slice(0, at + 1).reduce((all, one) => all + one, 0));
const steady = (count: number, by: number, from = 0): number[] =>
  Array.from({ length: count }, (_, at) => from + at * by);
const gap = (count: number): undefined[] => Array<undefined>(count).fill(undefined);

/** Counters and gauges as they come: steady, begun again, with gaps, hardly measured, and of odd numbers. */
const shapes: Record<string, (number | undefined)[]> = {
  steady: steady(41, 3),
  begun_again: [...steady(14, 5, 100), ...steady(13, 7), ...steady(14, 2, 1)],
  twice_within: [50, 60, 3, 9, 1, 1, 4, ...steady(34, 1, 5)],
  gappy: [...steady(5, 2), ...gap(3), 18, undefined, 22, ...gap(9), ...steady(20, 1, 40)],
  sparse: [1, ...gap(19), 6, ...gap(10), 9],
  only_one: [...gap(10), 7],
  two_at_the_end: [...gap(38), 1000, 1003],
  still: steady(41, 0, 12),
  odd: steady(41, 0.1).map((value, at) => value + Math.sin(at) / 3),
  falling: steady(41, -2, 90),
  ended: steady(16, 4),
  from_zero: [...gap(20), 0, 0, 5, 5, 9, ...steady(16, 1, 9)],
};

const evaluatedAtS = [30, 45, 127, 180, 300, 307, 422, 480, 599, 600];

const recordedShapes = Object.entries(shapes).map(([name, values]): Recorded => ({ name, labels: {}, values }));
const buckets = (le: string, values: number[]): Recorded => ({ name: "took_bucket", labels: { le }, values });
const histogram = [
  buckets("0.1", [...steady(20, 1), ...steady(21, 2)]),
  buckets("0.5", [...steady(20, 4), ...steady(21, 3)]),
  buckets("2.5", [...steady(20, 5), ...steady(21, 8)]),
  buckets("+Inf", [...steady(20, 6), ...steady(21, 8)]),
];
const recorded = [...recordedShapes, ...histogram];

/** The condition of a rule as it is written, from an expression that lets every value through. */
function conditionOf(expr: object) {
  const written = { name: "r", expr: { ...expr, op: "!=", value: 1e99 } };
  const [rule] = rulesOf({ rules: [written], logs: [], backups: [] } as never);
  return rule ?? assert.fail();
}

/** What the agent finds at a moment, when it has looked every 15 s and then. */
function foundAt(expr: object, atMs: number): number[] {
  const rule = conditionOf(expr);
  const looks = new Looks((metric, _, labels = {}) => seenAt(recorded, metric, labels, now));
  const of = (selector: { metric: string; labels: Record<string, string> }) => looks.of("web", selector, 0);
  looks.settle(new Map(looksOf(rule.expr).map(({ of: selector, windowMs }) => [of(selector), windowMs])), 0);
  let now = 0;
  for (; now < atMs; now += stepMs) for (const look of looksOf(rule.expr)) of(look.of).now({ nowMs: now, wallMs: now });
  now = atMs;
  const context = { lookOf: of, moment: { nowMs: now, wallMs: now }, startedMs: -Infinity, baseline: undefined };
  const finding = evaluate(rule.expr, context);
  return finding.is === "known" ? finding.holding.map(({ value }) => value) : [];
}

/** That Prometheus finds the same, but for the last digits. */
function agreement(expr: object, atS: number): ExprTest {
  const [value, ...more] = foundAt(expr, atS * 1000);
  assert.equal(more.length, 0);
  const promql = promqlOf("web", conditionOf(expr)).replace(/ != 1e\+99$/, "");
  const at = { eval_time: `${atS}s` };
  if (value === undefined) return { expr: promql, ...at, exp_samples: [] };
  const isSame = Number.isNaN(value)
    ? `(${promql}) != bool (${promql})`
    : `abs((${promql}) - (${value})) <= bool ${1e-9 * Math.max(1, Math.abs(value))}`;
  return { expr: isSame, ...at, exp_samples: [{ labels: "{}", value: 1 }] };
}

test("rates, increases, slopes, ratios and quantiles are those of Prometheus", needs("promtool"), async () => {
  const windows = [30_000, 60_000, 300_000];
  const over = (metric: string, window: number): object[] => [
    { rate: { metric, window } },
    { increase: { metric, window } },
    { rate: { metric, window, aggregate: "sum" } },
    { slope: { metric, window } },
    { ratio: { of: { metric }, to: { metric: "steady" }, window } },
  ];
  const exprs = windows.flatMap((window) => [
    ...Object.keys(shapes).flatMap((metric) => over(metric, window)),
    ...[0, 0.1, 0.5, 0.95, 1].map((q) => ({ quantile: { metric: "took", q, window } })),
  ]);
  const tests = exprs.flatMap((expr) => evaluatedAtS.map((atS) => agreement(expr, atS)));
  assert.ok(tests.filter(({ exp_samples }) => exp_samples.length > 0).length > 1000, "most of them are numbers");
  await promtoolTests(undefined, [{ interval: "15s", input_series: inputSeries(recorded), promql_expr_test: tests }]);
});

/** Bad from the fifth minute to the fifteenth. */
const whole = 120;
const [badFrom, badTo] = [20, 60];
const episode = (good: number, bad: number): number[] =>
  Array.from({ length: whole }, (_, at) => (at >= badFrom && at < badTo ? bad : good));
const rising = (good: number, bad: number): number[] => counted(...episode(good, bad));

const stories: Record<string, [metric: string, labels: Record<string, string>, values: (number | undefined)[]][]> = {
  cryprq: [
    ["release_binary_bytes", {}, episode(6_000_000, 7_100_000)],
    ["startup_ms", {}, episode(440, 560)],
    ["ostler_rule_baseline", { rule: "startup-regressed" }, episode(460, 460)],
    ["release_vulnerabilities", { level: "critical" }, episode(0, 0)],
    ["release_vulnerabilities", { level: "high" }, episode(0, 3)],
    ["release_reproducible", {}, episode(1, 0)],
    ["release_gate_passed", { gate: "tests" }, episode(1, 0)],
    ["release_gate_passed", { gate: "audit" }, episode(1, 1)],
    ["inbound_backoffs_total", { remote: "192.0.2.7" }, rising(0, 3)],
    ["inbound_backoffs_total", { remote: "192.0.2.8" }, rising(0, 0)],
    [
      "rotations_total",
      {},
      Array.from(
        { length: whole },
        (_, at) => 2 + Math.floor(Math.min(at, 60) / 20) + (at >= 100 ? 1 : 0) + (at >= 104 ? 1 : 0),
      ),
    ],
  ],
  "muti-metroo": [
    ["muti_metroo_peers_connected", {}, episode(3, 0)],
    ["muti_metroo_handshake_errors_total", {}, rising(0, 3)],
    ["muti_metroo_stream_errors_total", {}, rising(1, 30)],
    ["muti_metroo_socks5_auth_failures_total", {}, rising(0, 15)],
    ["ostler_check_up", { check: "health", role: "readiness" }, episode(1, 0)],
  ],
  vcon: [
    ["queue_depth", { queue: "in" }, episode(10, 1001)],
    ["queue_depth", { queue: "out" }, episode(1000, 1000)],
    ["dead_letters", { queue: "DLQ:in" }, counted(...episode(0, 1)).map((count, at) => (at < 80 ? count : 0))],
    ...["1", "10", "30", "60", "+Inf"].map((le): [string, Record<string, string>, number[]] => [
      "processing_seconds_bucket",
      { le },
      rising(10, le === "60" || le === "+Inf" ? 10 : 5),
    ]),
    ["failed_total", { reason: "link" }, rising(0, 2)],
    ["processed_total", {}, rising(10, 10)],
    ["ostler_process_children", { process: "main", name: "conserver" }, episode(4, 3)],
    ["ostler_process_resident_memory_bytes", { process: "api" }, episode(1e9, 2e9)],
    ["ostler_process_resident_memory_bytes", { process: "main" }, episode(1e9, 2e9)],
    ["ostler_process_cpu_seconds_total", { process: "main" }, rising(3, 15)],
  ],
  spacecomms: [
    ["peers_connected", {}, episode(2, 0).map((value, at) => (at < 70 || at > 90 ? value : undefined))],
    ["heartbeat_latency_ms", {}, episode(200, 5001)],
    ["cdm_processing_time_ms", {}, episode(99, 1001)],
    ["message_queue_depth", {}, episode(50, 1001).map((value, at) => (at < 90 ? value : 0))],
    ["messages_total", {}, rising(20, 20).map((value, at, all) => (at < 85 ? value : (all[85] ?? 0)))],
    ["errors_total", {}, rising(0, 2)],
  ],
};

/** The agent tells the value with which an alert began, Prometheus the last one, and in other digits. */
const withoutValue = (text: string): string => text.replaceAll("{{ $value }}", "N");

type Firing = { service: string; rule: string; labels: Record<string, string> };

/** Lives through the stories of all services with the rules of the example, and tells what fires after each look. */
function liveThrough(services: ReturnType<typeof loadConfigOrThrow>["config"]["services"]): Firing[][] {
  const clock = new FakeClock(0);
  const bus = new Bus({ state: initialState("epoch"), agentId: "agent", clock });
  for (const service of Object.keys(services)) {
    bus.publish({ type: "service.configured", data: { service, processes: ["main"], checks: [] } });
    bus.publish({ type: "service.started", data: { service, process: "main", run: 1, pid: 4, startTicks: 1 } });
  }
  const look = (metric: string, service: string, labels = {}) => seenAt(told(service), metric, labels, clock.now());
  const nobody = (): void => assert.fail("nothing is degraded");
  const deps = { publish: bus.publish, clock, state: () => bus.state, look, degraded: nobody, recovered: nobody };
  using rules = Rules.start({ everyMs: stepMs, services }, deps);
  const actor = { kind: "cli", name: "local" } as const;
  rules.baseline({ service: "cryprq", rule: "startup-regressed", value: 460 }, actor);
  return Array.from({ length: whole }, (_, at) => {
    if (at > 0) clock.advance(stepMs);
    return Object.entries(bus.state.services).flatMap(([service, { alerts }]) =>
      Object.values(alerts)
        .filter(({ state }) => state === "firing")
        .map(({ rule, labels = {} }) => ({ service, rule, labels })),
    );
  });
}

function told(service: string): Recorded[] {
  return (stories[service] ?? []).map(([name, labels, values]) => ({ name, labels: { service, ...labels }, values }));
}

test(
  "the alerts of the four systems fire and are resolved when Prometheus says so too",
  needs("promtool"),
  async () => {
    const { services } = loadConfigOrThrow(example, {}).config;
    const after = liveThrough(services);
    const all = Object.entries(services).flatMap(([service, config]) =>
      rulesOf(config).map((rule) => ({ service, rule })),
    );
    const silent = all.filter(
      ({ service, rule }) => !after.flat().some((one) => one.service === service && one.rule === rule.name),
    );
    assert.deepEqual(
      silent.map(({ service, rule }) => `${service}/${rule.name}`),
      [],
      "each has its episode",
    );
    assert.deepEqual(after[2], [], "at first all is well");
    assert.deepEqual(
      after.at(-1)?.map(({ service, rule }) => `${service}/${rule}`),
      ["spacecomms/idle"],
      "and in the end again",
    );

    await using agent = TestAgent.prepare(readFileSync(example, "utf8").replace("./data", "DIR/data"));
    const { code, stdout, stderr } = await agent.ostler("rules", "export");
    assert.equal(code, 0, stderr);
    const names = [...new Set(all.map(({ rule }) => rule.name))];
    const tests = after.flatMap((firing, at): AlertTest[] =>
      at === 0
        ? []
        : names.map((alertname) => ({
            eval_time: `${(at * stepMs) / 1000}s`,
            alertname,
            exp_alerts: firing.filter(({ rule }) => rule === alertname).map((one) => expected(one)),
          })),
    );
    const input = Object.keys(services).flatMap((service) =>
      inputSeries(told(service).map((one) => ({ ...one, labels: { ...one.labels, ...ofAgent } }))),
    );
    await promtoolTests(withoutValue(stdout), [{ interval: "15s", input_series: input, alert_rule_test: tests }]);

    function expected({ service, rule: name, labels }: Firing) {
      const { rule } = all.find((one) => one.service === service && one.rule.name === name) ?? assert.fail();
      const { severity, advice, runbook, expr } = rule;
      const summary = fillIn(withoutValue(rule.summary), { value: NaN, labels: { ...labels, service } });
      return {
        exp_labels: {
          ...labels,
          ...(expr.kind === "absent" ? {} : ofAgent),
          service,
          severity,
          ...(advice ? { advice } : {}),
        },
        exp_annotations: { summary, ...(runbook === undefined ? {} : { runbook_url: runbook }) },
      };
    }
  },
);

test("promtool accepts every kind of rule, and what is made of an empty configuration", needs("promtool"), async () => {
  const rules = [
    `{name: a, expr: {metric: q, labels: {x: 'a"b\\c'}, aggregate: avg, op: "!=", value: -1.5e-7}, for: 90s}`,
    `{name: b, expr: {rate: {metric: q, window: 1h, aggregate: max}, op: ">=", value: 5%}, summary: "{{- $value -}} of {{$labels.x}}"}`,
    `{name: c, expr: {increase: {metric: q, window: 1d}, op: <=, value: 1}, runbook: "http://w/{{x}}"}`,
    `{name: d, expr: {ratio: {of: {metric: a}, to: {metric: b}, window: 5m, min_volume: 0.5}, op: ">", value: 1%}}`,
    `{name: e, expr: {absent: {metric: q, labels: {a: b}}}}`,
    `{name: f, expr: {slope: {metric: q, window: 1500ms}, op: "==", value: 0}}`,
    `{name: g, expr: {quantile: {metric: q, q: 1, window: 5m}, op: ">", value: 1}}`,
    `{name: h, expr: {cadence: {metric: q, every: 5m, tolerance: 30500ms}}}`,
    `{name: i, expr: {regression: {metric: q, more_than: 5%, direction: down}}}`,
    `{name: j, expr: {all: [{absent: {metric: q}}, {absent: {metric: r}}]}}`,
    `{name: k, expr: {any: [{cadence: {metric: q, every: 5m, tolerance: 30s}}, {absent: {metric: r}}, {metric: s, op: ">", value: 1}]}}`,
    `{name: l, expr: {metric: q, op: ">", levels: {target: 1, alert: 2, hard: 3}}}`,
  ];
  for (const services of [
    "{}",
    `\n  web:\n    command: [x]\n    rules:\n${rules.map((rule) => `      - ${rule}\n`).join("")}`,
  ]) {
    await using agent = TestAgent.prepare(`services: ${services}`);
    const { code, stdout, stderr } = await agent.ostler("rules", "export");
    assert.equal(code, 0, stderr);
    assert.match(await promtool("check", { "rules.yaml": stdout }, "rules.yaml"), /SUCCESS/);
    assert.equal((await agent.ostler("dashboard", "export")).code, 0);
    const scrape = await agent.ostler("scrape-config");
    assert.match(scrape.stdout, /job_name: ostler/);
  }
});
