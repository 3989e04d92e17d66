import assert from "node:assert/strict";
import { test } from "node:test";
import { loaded, problemsOf } from "../../testing/config.js";
import { rulesOf, type Rule } from "./rules.js";

const service = (...rules: string[]): string =>
  `services:\n  web:\n    command: [x]\n    rules:\n${rules.map((rule) => `      - ${rule}\n`).join("")}`;

function rules(...written: string[]): Rule[] {
  const { config } = loaded(service(...written));
  return rulesOf(config.services.web ?? assert.fail());
}

/** What is wrong with an expression, without its place. */
function wrong(expr: string, more = ""): string[] {
  return problemsOf(service(`{name: r, expr: ${expr}${more}}`)).map((line) => line.replace(/^\S+ services\.web\./, ""));
}

test("a rule has its defaults, and says in words what it looks for", () => {
  assert.deepEqual(rules(`{name: deep, expr: {metric: queue_depth, labels: {queue: in}, op: ">", value: 1000}}`), [
    {
      name: "deep",
      expr: {
        kind: "threshold",
        of: { metric: "queue_depth", labels: { queue: "in" } },
        aggregate: undefined,
        op: ">",
        value: 1000,
      },
      forMs: 0,
      severity: "warning",
      summary: "queue_depth of queue=in above 1000: {{ $value }}",
    },
  ]);
});

test("every kind says what it looks for", () => {
  const said: Record<string, string> = {
    "{metric: up, aggregate: sum, op: <, value: 2}": "sum of up below 2: {{ $value }}",
    "{rate: {metric: e_total, window: 5m}, op: '>', value: 0.1}": "e_total per second over 5m above 0.1: {{ $value }}",
    "{increase: {metric: e_total, window: 90s}, op: '>=', value: 3}":
      "increase of e_total in 90s at or above 3: {{ $value }}",
    "{ratio: {of: {metric: e}, to: {metric: a}, window: 1h}, op: '>', value: 5%}":
      "share of e in a over 1h above 0.05: {{ $value }}",
    "{absent: {metric: up}}": "up is absent",
    "{slope: {metric: size, window: 500s}, op: '!=', value: 0}":
      "change of size per second over 500s other than 0: {{ $value }}",
    "{quantile: {metric: took, q: 0.99, window: 5m}, op: '>', value: 1}":
      "quantile 0.99 of took over 5m above 1: {{ $value }}",
    "{cadence: {metric: r_total, every: 5m, tolerance: 30s}}":
      "r_total does not rise every 5m ± 30s: {{ $value }} rises, where 0 is too late and more is too early",
    "{regression: {metric: took, more_than: 10%}}": "took more than 10% above its baseline: {{ $value }}",
    "{regression: {metric: rps, more_than: 7%, direction: down}}": "rps more than 7% below its baseline: {{ $value }}",
    "{all: [{absent: {metric: a}}, {metric: b, op: '==', value: 0}]}": "a is absent, and b exactly 0",
    "{any: [{absent: {metric: a}}, {metric: b, op: <=, value: 0}]}": "a is absent, or b at or below 0",
  };
  for (const [expr, words] of Object.entries(said))
    assert.equal(rules(`{name: r, expr: ${expr}}`)[0]?.summary, words, expr);
});

test("levels are a rule each, and the alert may come before the target", () => {
  const levels = rules(
    `{name: start, expr: {metric: ms, op: ">", levels: {target: 500, alert: 450, hard: 5%}}, for: 1m, runbook: "http://x"}`,
  );
  assert.deepEqual(
    levels.map(({ name, severity, expr, forMs, runbook }) => [
      name,
      severity,
      expr.kind === "threshold" && expr.value,
      forMs,
      runbook,
    ]),
    [
      ["start:target", "info", 500, 60_000, "http://x"],
      ["start:alert", "warning", 450, 60_000, "http://x"],
      ["start:hard", "critical", 0.05, 60_000, "http://x"],
    ],
  );
});

test("an unclear expression is refused, with what is wrong about it", () => {
  const kinds = "metric, rate, increase, ratio, absent, slope, quantile, cadence, regression";
  const table: Record<string, string> = {
    "{op: '>', value: 1}": `rules.0.expr: must have exactly one of ${kinds}`,
    "{metric: a, absent: {metric: b}, op: '>', value: 1}": `rules.0.expr: must have exactly one of ${kinds}`,
    "{metric: a, value: 1}": "rules.0.expr: needs op",
    "{metric: a, op: '>'}": "rules.0.expr: needs either value or levels",
    "{metric: a, op: '>', value: 1, levels: {alert: 2}}": "rules.0.expr: needs either value or levels",
    "{metric: a, op: '>', levels: {}}": "rules.0.expr.levels: needs target, alert or hard",
    "{absent: {metric: a}, op: '>', value: 1}":
      "rules.0.expr: has nothing to compare absent with: leave out op and value",
    "{rate: {metric: a, window: 5m}, op: '>'}": "rules.0.expr: needs value",
    "{rate: {metric: a, window: 5m}, labels: {a: b}, op: '>', value: 1}":
      "rules.0.expr: has labels beside rate: write it below, where it can have it",
    "{rate: {metric: a, window: 2d}, op: '>', value: 1}": "rules.0.expr.rate.window: must be between 1s and 1d",
    "{metric: a-b, op: '>', value: 1}":
      "rules.0.expr.metric: must be the name of a metric as /metrics shows it, like queue_depth",
    "{metric: a, op: '>', value: much}": "rules.0.expr.value: must be a number, or a share like 5%",
    "{cadence: {metric: a, every: 5m, tolerance: 5m}}": "rules.0.expr.cadence: needs a tolerance below `every`",
    "{all: [{absent: {metric: a}}]}": "rules.0.expr.all: needs two or more",
    "{all: [{absent: {metric: a}}, {absent: {metric: b}}], op: '>'}":
      "rules.0.expr: has something beside `all` or `any`: write it as one of them",
  };
  for (const [expr, problem] of Object.entries(table)) assert.deepEqual(wrong(expr), [problem], expr);
});

test("a summary knows the words that Prometheus knows too, and no others", () => {
  const expr = "{absent: {metric: a}}";
  for (const good of ["{{ $value }} of {{$labels.queue}}", "nothing to fill in", "{{- $value -}}"])
    assert.deepEqual(wrong(expr, `, summary: "${good}"`), [], good);
  assert.deepEqual(wrong(expr, `, summary: "{{ .Value }}"`), [
    "rules.0.summary: has {{ .Value }}, but knows only {{ $value }} and {{ $labels.NAME }}",
  ]);
  assert.deepEqual(wrong(expr, `, summary: "{{ $value"`), ["rules.0.summary: has braces that nothing closes or opens"]);
});

test("names are unique in a service, and levels have severities of their own", () => {
  const rule = `{name: twice, expr: {absent: {metric: a}}}`;
  assert.deepEqual(
    problemsOf(service(rule, rule)).map((line) => line.replace(/^\S+ /, "")),
    ["services.web.rules.1.name: is used by another rule of the service"],
  );
  assert.deepEqual(wrong(`{metric: a, op: ">", levels: {alert: 2}}`, ", severity: info"), [
    "rules.0.severity: is that of each level; leave it out",
  ]);
});
