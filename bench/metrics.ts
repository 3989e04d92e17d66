// How fast /metrics is with 500 and 10,000 series of a service, beside Debian's prometheus-node-exporter whose textfile collector
// carries the same series, and prom-client's own registry behind a bare server.
import { existsSync, mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer, get, Agent } from "node:http";
import { join } from "node:path";
import { median, ostler, quantile, report, root, until, Workplace } from "./helpers/bench.js";

const secondsEach = Number(process.argv[2] ?? 5);
const warmUpMs = 1000;
const exporter = "/usr/bin/prometheus-node-exporter";
const firstPort = 21_681;

/** A page with so many series, 20 a metric: half of them counters. */
function pageOf(series: number): string {
  const perMetric = 20;
  const metrics = Array.from({ length: series / perMetric }, (_, at) => {
    const [name, type] = at % 2 === 0 ? [`shop_queue_${at}_depth`, "gauge"] : [`shop_jobs_${at}_total`, "counter"];
    const lines = Array.from(
      { length: perMetric },
      (__, n) => `${name}{queue="queue-${n}",zone="eu-${n % 3}"} ${at * n}`,
    );
    return `# HELP ${name} What the shop does\n# TYPE ${name} ${type}\n${lines.join("\n")}\n`;
  });
  return metrics.join("");
}

type Answer = { text: string; tookMs: number };

function scrape(port: number, agent: Agent): Promise<Answer> {
  const startMs = performance.now();
  return new Promise((resolve, reject) => {
    const request = get({ port, host: "127.0.0.1", path: "/metrics", agent }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () =>
        resolve({ tookMs: performance.now() - startMs, text: Buffer.concat(chunks).toString() }),
      );
    });
    request.on("error", reject);
  });
}

const seriesIn = (text: string): number =>
  text.split("\n").filter((line) => line !== "" && !line.startsWith("#")).length;

/** Scrapes one after another on one connection: how long each took. */
async function timesOf(port: number): Promise<number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const times: number[] = [];
  const beginMs = performance.now();
  while (performance.now() < beginMs + warmUpMs + secondsEach * 1000) {
    const { tookMs } = await scrape(port, agent);
    if (performance.now() > beginMs + warmUpMs) times.push(tookMs);
  }
  agent.destroy();
  return times;
}

async function compare(series: number): Promise<void> {
  await using place = new Workplace();
  const page = pageOf(series);
  const source = createServer((_, response) => response.end(page)).listen(firstPort + 3, "127.0.0.1");
  mkdirSync(place.path("textfiles"));
  place.write("textfiles/shop.prom", page);
  const metrics = `{max_series: ${series}, scrape: {prometheus: {url: "http://127.0.0.1:${firstPort + 3}/"}}}`;
  const config = place.write(
    "ostler.yaml",
    `agent: {data_dir: ./data, log: {output: ./log}}\nhttp: {listen: "127.0.0.1:${firstPort}"}\n` +
      `services: {shop: {command: [sleep, "600"], metrics: ${metrics}}}\n`,
  );
  const promClient = createRequire(join(root, "packages/agent/package.json")).resolve("prom-client");
  const bare = place.write(
    "bare.cjs",
    `const { Registry, Gauge } = require(${JSON.stringify(promClient)});
const registry = new Registry();
for (let at = 0; at < ${series / 20}; at++) {
  const gauge = new Gauge({ name: "shop_" + at, help: "What the shop does", labelNames: ["queue", "zone"], registers: [registry] });
  for (let n = 0; n < 20; n++) gauge.set({ queue: "queue-" + n, zone: "eu-" + (n % 3) }, at * n);
}
require("node:http").createServer(async (_, response) => response.end(await registry.metrics())).listen(${firstPort + 1}, "127.0.0.1");`,
  );
  const agent = place.spawn([...ostler, "run", "-c", config]);
  place.spawn([process.execPath, bare]);
  const peers: [name: string, port: number][] = [
    ["ostler", firstPort],
    ["prom-client, bare server", firstPort + 1],
  ];
  if (existsSync(exporter)) {
    const only = ["--collector.disable-defaults", "--collector.textfile", "--web.disable-exporter-metrics"];
    const listen = `--web.listen-address=127.0.0.1:${firstPort + 2}`;
    place.spawn([exporter, ...only, `--collector.textfile.directory=${place.path("textfiles")}`, listen]);
    peers.push(["node_exporter, textfile", firstPort + 2]);
  } else console.log("prometheus-node-exporter is not installed: left out.");
  const once = new Agent();
  for (const [, port] of peers)
    await until(async () => {
      const { text } = await scrape(port, once).catch(() => ({ text: "" }));
      return seriesIn(text) >= series;
    });

  const measured: { name: string; text: string; times: number[] }[] = [];
  for (const [name, port] of peers)
    measured.push({ name, times: await timesOf(port), text: (await scrape(port, once)).text });
  const perSecond = (times: number[]): number => (1000 * times.length) / times.reduce((sum, one) => sum + one, 0);
  const ours = perSecond(measured[0]?.times ?? []);
  report(`/metrics with ${series} series of a service, ms, ${secondsEach} s on one connection`, [
    ["", "series", "bytes", "p50", "p99", "scrapes/s", "ostler is faster by"],
    ...measured.map(({ name, text, times }) => [
      name,
      `${seriesIn(text)}`,
      `${text.length}`,
      median(times),
      quantile(times, 0.99),
      perSecond(times),
      ours / perSecond(times),
    ]),
  ]);
  const { execFileSync } = await import("node:child_process");
  execFileSync(ostler[0] ?? "", [...ostler.slice(1), "-c", config, "stop", "shop"], { stdio: "ignore" });
  agent.kill("SIGTERM");
  source.closeAllConnections();
  source.close();
}

for (const series of [500, 10_000]) await compare(series);
