import assert from "node:assert/strict";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { TestAgent } from "./helpers/agent.js";
import { until } from "./helpers/until.js";

/** A service that writes what the test has for it. */
const config = `agent: {data_dir: ./data, rules: {every: 1s}}
http: {listen: "127.0.0.1:0"}
services:
  vcon:
    command: [tail, -n, "+1", -f, DIR/lines]
    metrics:
      scrape:
        every: 500ms
        timeout: 500ms
        log:
          values:
            vcon_seconds: { match: "done in (?<value>[0-9]+) ms", scale: 0.001, buckets: [1, 30, 60] }
            vcon_answers_total: { match: '" (?<code>[0-9]{3}) ', type: counter, labels: { code: $code } }
            vcon_failures_total: { match: "^ERROR", type: counter }
    rules:
      - name: slow
        expr: { quantile: { metric: vcon_seconds, q: 0.9, window: 5m }, op: ">", value: 30 }
      - name: failures
        expr:
          ratio: { of: { metric: vcon_failures_total }, to: { metric: vcon_seconds_count }, window: 5m }
          op: ">"
          value: 5%
`;

test("the lines of a service are numbers at /metrics, rules look at them, and another agent begins anew", async () => {
  await using agent = TestAgent.prepare(config);
  const lines = join(agent.directory, "lines");
  const write = (text: string): void => appendFileSync(lines, text);
  const has = (...series: string[]): Promise<unknown> =>
    until(async () => {
      const page = (await agent.get("/metrics")) as string;
      return series.every((line) => page.includes(`\n${line}\n`));
    }, series.join(" and "));
  /** A rule must have measured twice, with more slow and failed ones the second time. */
  const fires = (rule: string): Promise<unknown> =>
    until(async () => {
      write("done in 40000 ms\nERROR no\n");
      return (await agent.events("*")).some(({ type, data }) => type.endsWith("alert.fired") && data.rule === rule);
    }, `${rule} fires`);

  writeFileSync(lines, "");
  await agent.run();
  await has('vcon_seconds_count{service="vcon"} 0', 'vcon_failures_total{service="vcon"} 0');
  write('done in 250 ms\ndone in 40000 ms\ndone in 45000 ms\nERROR no\n"GET /" 403 1\n"GET /" 200 1\n"GET /" 200 1\n');
  await has(
    "# TYPE vcon_seconds histogram",
    'vcon_seconds_bucket{service="vcon",le="1"} 1',
    'vcon_seconds_bucket{service="vcon",le="30"} 1',
    'vcon_seconds_bucket{service="vcon",le="60"} 3',
    'vcon_seconds_bucket{service="vcon",le="+Inf"} 3',
    'vcon_seconds_sum{service="vcon"} 85.25',
    'vcon_seconds_count{service="vcon"} 3',
    'vcon_answers_total{service="vcon",code="403"} 1',
    'vcon_answers_total{service="vcon",code="200"} 2',
    'vcon_failures_total{service="vcon"} 1',
  );
  await fires("slow");
  await fires("failures");

  await agent.end("SIGTERM");
  write("ERROR while nobody looks\n");
  const spool = join(agent.place.data, "output", "vcon.main.stdout");
  await until(() => readFileSync(spool, "utf8").includes("nobody looks"), "it is written");
  await agent.run();
  await has('vcon_seconds_count{service="vcon"} 0', 'vcon_failures_total{service="vcon"} 0');
  write("ERROR again\n");
  await has('vcon_failures_total{service="vcon"} 1');
});

test("numbers from lines that nobody here can see are refused when the configuration is read", async () => {
  await using agent = TestAgent.prepare(
    "services: {web: {attach: {pid_file: web.pid}, metrics: {scrape: {log: {values: {n: {match: x, type: counter}}}}}}}",
  );
  const { code, stdout } = await agent.ostler("validate");
  assert.deepEqual([code, stdout.includes("needs output that the agent sees")], [3, true], stdout);
});
