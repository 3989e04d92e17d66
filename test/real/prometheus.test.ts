import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { TestAgent } from "../helpers/agent.js";
import { freePort } from "../helpers/free-port.js";
import { until } from "../helpers/until.js";
import { needs, pathOf } from "./tools.js";

const page = `# HELP peers Peers now
# TYPE peers gauge
peers{zone="a\\"b"} 3
# HELP rotations_total Rotations
# TYPE rotations_total counter
rotations_total 7
# HELP latency_seconds Latency
# TYPE latency_seconds histogram
latency_seconds_bucket{le="0.5"} 1
latency_seconds_bucket{le="+Inf"} 2
latency_seconds_sum 1.25
latency_seconds_count 2
`;

/** An agent with a service whose numbers are on a page of ours. */
async function withNumbers(tell: (agent: TestAgent) => Promise<void>): Promise<void> {
  const server = createServer((_, response) => response.end(page)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  try {
    await using agent = await TestAgent.start(`
services:
  web:
    command: [sleep, "1000"]
    checks: [{name: here, kind: exec, command: ["true"], every: 200ms}]
    metrics: {scrape: {prometheus: {url: "http://127.0.0.1:${port}/metrics"}, every: 500ms, timeout: 500ms}}
`);
    await agent.ready("web");
    const isShown = async (): Promise<boolean> => (await shownBy(agent)).includes('peers{service="web"');
    await until(isShown, "its numbers are shown");
    await tell(agent);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

async function shownBy(agent: TestAgent): Promise<string> {
  return (await agent.get("/metrics")) as string;
}

type Found = { metric: Record<string, string>; value: [number, string] }[];

/** A Prometheus that scrapes the agent; it is ended when the test has told its story. */
async function withPrometheus(
  agent: TestAgent,
  tell: (ask: (path: string) => Promise<unknown>) => Promise<void>,
): Promise<void> {
  const port = await freePort();
  const config = join(agent.directory, "prometheus.yml");
  const target = new URL(await agent.url()).host;
  const job = `{job_name: ostler, static_configs: [{targets: ["${target}"]}]}`;
  writeFileSync(config, `global: {scrape_interval: 1s}\nscrape_configs: [${job}]\n`);
  const args = [`--config.file=${config}`, `--storage.tsdb.path=${join(agent.directory, "tsdb")}`];
  const prometheus = spawn(pathOf("prometheus") ?? "", [...args, `--web.listen-address=127.0.0.1:${port}`], {
    stdio: "ignore",
  });
  const ended = once(prometheus, "exit");
  try {
    await tell(async (path) => (await fetch(`http://127.0.0.1:${port}/api/v1/${path}`)).json());
  } finally {
    prometheus.kill("SIGKILL");
    await ended;
  }
}

test("promtool finds nothing wrong with /metrics", needs("promtool"), () =>
  withNumbers(async (agent) => {
    const input = await shownBy(agent);
    const { stdout, stderr, status } = spawnSync(pathOf("promtool") ?? "", ["check", "metrics"], {
      input,
      encoding: "utf8",
    });
    assert.deepEqual([stdout, stderr, status], ["", "", 0]);
  }),
);

test("a real Prometheus scrapes the agent, and knows the series of a service", needs("prometheus"), () =>
  withNumbers((agent) =>
    withPrometheus(agent, async (ask) => {
      const query = async (text: string): Promise<Found> => {
        const answer = (await ask(`query?query=${encodeURIComponent(text)}`)) as { data: { result: Found } };
        return answer.data.result;
      };
      const peers = await until(async () => (await query('peers{service="web"}'))[0], "the series is known", 60_000);
      assert.deepEqual([peers.metric.zone, peers.metric.job, peers.value[1]], ['a"b', "ostler", "3"]);
      const values = async (text: string): Promise<string[]> => (await query(text)).map(({ value }) => value[1]);
      assert.deepEqual(await values('rotations_total{service="web"}'), ["7"]);
      assert.deepEqual(await values('latency_seconds_bucket{service="web",le="0.5"}'), ["1"]);
      assert.deepEqual(await values('ostler_scrape_up{service="web",source="prometheus"}'), ["1"]);
      const { data } = (await ask("targets")) as { data: { activeTargets: { lastError: string; health: string }[] } };
      assert.deepEqual(
        data.activeTargets.map(({ lastError, health }) => [lastError, health]),
        [["", "up"]],
      );
    }),
  ),
);
