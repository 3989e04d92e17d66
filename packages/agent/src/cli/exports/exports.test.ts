import assert from "node:assert/strict";
import { test } from "node:test";
import type { Family } from "@ostler/protocol";
import { rulesOf } from "../../config/rules/rules.js";
import { hostFigures } from "../../sources/host/host.js";
import { metrics } from "../../sinks/metrics/catalogue.js";
import { loaded } from "../../testing/config.js";
import { builtInRules } from "./built-in-rules.js";
import { grafanaDashboard } from "./grafana-dashboard.js";
import { prometheusRules } from "./prometheus-rules.js";
import { promqlOf } from "./promql.js";
import { scrapeConfig } from "./scrape-config.js";

const service = (...rules: string[]): string =>
  `services:\n  web:\n    command: [x]\n    rules:\n${rules.map((rule) => `      - ${rule}\n`).join("")}`;

function promql(expr: string): string {
  const { services } = loaded(service(`{name: r, expr: ${expr}}`)).config;
  const [rule] = rulesOf(services.web ?? assert.fail());
  return promqlOf("web", rule ?? assert.fail());
}

test("every kind of expression has its equal in the language of Prometheus", () => {
  const w = 'service=~"web|"';
  const perAgent = "by (job, instance)";
  const table: Record<string, string> = {
    "{metric: q, op: '>', value: 1000}": `q{${w}} > 1000`,
    "{metric: q, labels: {queue: 'a\"b'}, aggregate: max, op: '!=', value: 5%}": `max ${perAgent} (q{${w}, queue="a\\"b"}) != 0.05`,
    "{metric: q, labels: {service: other}, op: '==', value: 0}": `q{service="other"} == 0`,
    "{rate: {metric: e, window: 5m}, op: '>', value: 0.1}": `rate(e{${w}}[5m]) > 0.1`,
    "{increase: {metric: e, window: 90s, aggregate: sum}, op: '>', value: 3}": `sum ${perAgent} (increase(e{${w}}[90s])) > 3`,
    "{ratio: {of: {metric: e}, to: {metric: a}, window: 5m, min_volume: 20}, op: '>', value: 5%}": `(sum ${perAgent} (rate(e{${w}}[5m])) / sum ${perAgent} (rate(a{${w}}[5m])) > 0.05) and sum ${perAgent} (increase(a{${w}}[5m])) >= 20`,
    "{absent: {metric: a}}": `absent(a{${w}})`,
    "{slope: {metric: a, window: 1h}, op: '>', value: 0}": `deriv(a{${w}}[1h]) > 0`,
    "{quantile: {metric: t, q: 0.99, window: 5m}, op: '>', value: 1}": `histogram_quantile(0.99, sum by (job, instance, le) (rate(t_bucket{${w}}[5m]))) > 1`,
    "{cadence: {metric: r, every: 5m, tolerance: 30s}}": `(changes(r{${w}}[330s]) == 0 and r{${w}} offset 330s) or changes(r{${w}}[270s]) - resets(r{${w}}[270s]) > 1`,
    "{regression: {metric: t, more_than: 10%}}": `t{${w}} > on (job, instance) group_left () (ostler_rule_baseline{service="web", rule="r"} + 0.1 * abs(ostler_rule_baseline{service="web", rule="r"}))`,
    "{all: [{absent: {metric: a}}, {metric: b, op: '>', value: 1}]}": `max ${perAgent} (b{${w}} > 1) and on () max ${perAgent} (absent(a{${w}}))`,
    "{any: [{metric: a, op: '>', value: 1}, {metric: b, op: '>', value: 1}]}": `max ${perAgent} (a{${w}} > 1) or max ${perAgent} (b{${w}} > 1)`,
  };
  for (const [expr, said] of Object.entries(table)) assert.equal(promql(expr), said, expr);
});

test("a service is a group of rules, with what is to be read of them", () => {
  const { config } = loaded(
    service(
      `{name: deep, expr: {metric: q, op: ">", value: 9}, for: 5m, severity: critical, runbook: "http://w/{{x}}", advice: scale-up, summary: "{{ $value }} of {{ $labels.service }}"}`,
      `{name: size, expr: {metric: b, op: ">", levels: {alert: 7, hard: 8}}}`,
    ),
  );
  const [own, web, ...more] = prometheusRules(config).groups;
  assert.deepEqual([own?.name, web?.name, web?.interval, more.length], ["ostler", "ostler-web", "15s", 0]);
  assert.deepEqual(web?.rules[0], {
    alert: "deep",
    expr: 'q{service=~"web|"} > 9',
    for: "5m",
    labels: { service: "web", severity: "critical", advice: "scale-up" },
    annotations: { summary: "{{ $value }} of web", runbook_url: 'http://w/{{ "{{" }}x}}' },
  });
  assert.deepEqual(
    web.rules.slice(1).map(({ alert, labels }) => [alert, labels.severity]),
    [
      ["size:alert", "warning"],
      ["size:hard", "critical"],
    ],
  );
});

test("what is exported of the agent itself looks only at metrics that it has", async () => {
  const host: Family[] = [];
  for (const read of Object.values(hostFigures())) host.push(...(await read(AbortSignal.timeout(10_000))));
  const known = new Set<string>([...Object.values(metrics), ...host].map(({ name }) => name));
  const exprs = [...builtInRules.map(({ expr }) => expr), JSON.stringify(grafanaDashboard({ services: {} }))];
  const used = exprs.flatMap((expr) => [...expr.matchAll(/\bostler_[a-z0-9_]+[a-z0-9]/g)].map(([name]) => name));
  assert.ok(used.length > 15);
  assert.deepEqual(
    used.filter((name) => !known.has(name)),
    [],
  );
});

test("a dashboard has a panel for each metric that a rule looks at, and none lies upon another", () => {
  const rules = [
    `{name: a, expr: {rate: {metric: errors, window: 5m}, op: ">", value: 1}}`,
    `{name: b, expr: {rate: {metric: errors, window: 5m}, op: ">", value: 2}, severity: critical}`,
    `{name: c, expr: {all: [{metric: depth, op: ">", value: 1}, {absent: {metric: gone}}]}}`,
    `{name: d, expr: {ratio: {of: {metric: bad}, to: {metric: all}, window: 5m}, op: ">", value: 5%}}`,
  ];
  const dashboard = grafanaDashboard(loaded(service(...rules)).config);
  const { panels } = dashboard as {
    panels: { id: number; title: string; gridPos: object; targets: { expr: string }[] }[];
  };
  assert.deepEqual(
    panels.filter(({ title }) => title.startsWith("web: ")).map(({ title, targets }) => [title, targets.length]),
    [
      ["web: errors", 1],
      ["web: depth", 1],
      ["web: gone", 1],
      ["web: bad", 1],
      ["web: all", 1],
    ],
  );
  assert.equal(new Set(panels.map(({ gridPos }) => JSON.stringify(gridPos))).size, panels.length);
  assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
});

test("Prometheus finds the agent where it listens, and learns what else it needs", () => {
  const job = (http: string, name = "node-a"): unknown => {
    const { config } = loaded(`agent: {name: ${name}}\nhttp: ${http}`);
    return (scrapeConfig(config) as { scrape_configs: unknown[] }).scrape_configs[0];
  };
  const plain = { job_name: "ostler", scrape_interval: "15s", scheme: "http" };
  const at = (target: string) => [{ targets: [target], labels: { node: "node-a" } }];
  assert.deepEqual(job("{}"), { ...plain, static_configs: at("127.0.0.1:9680") });
  const closed = `tls: {cert: c, key: k}, tokens: [{id: a, secret: "0123456789abcdef0123456789abcdef", scopes: [read]}]`;
  assert.deepEqual(job(`{listen: "0.0.0.0:9680", ${closed}}`), {
    ...plain,
    scheme: "https",
    authorization: { credentials_file: "/etc/prometheus/ostler.token" },
    tls_config: { ca_file: "/etc/prometheus/ostler-ca.pem" },
    static_configs: at("node-a:9680"),
  });
  assert.deepEqual(job(`{listen: "0.0.0.0:9680", probes: "[::1]:9681", ${closed}}`), {
    ...plain,
    static_configs: at("[::1]:9681"),
  });
  assert.throws(() => job(`{listen: "off"}`), /nobody can scrape this agent/);
});
