// How long a scrape of /metrics takes with 500 series, beside prom-client's own registry behind a bare HTTP server with as many.
import { createRequire } from "node:module";
import { Agent, get } from "node:http";
import { join } from "node:path";
import { median, ostler, quantile, report, root, until, Workplace } from "./helpers/bench.js";

const scrapes = Number(process.argv[2] ?? 3000);
const wanted = 500;

await using place = new Workplace();
const port = 21_681;
// Services that only sleep: each adds its series, those of what it uses included.
const services = Array.from(
  { length: 23 },
  (_, at) =>
    `  s${at}: {command: [sleep, "600"], restart: {policy: never}, checks: [{name: c, kind: exec, command: ["true"], every: 1h}]}`,
);
const config = place.write(
  "ostler.yaml",
  `agent: {data_dir: ./data, log: {output: ./log}}\nhttp: {listen: "127.0.0.1:${port}"}\nservices:\n${services.join("\n")}\n`,
);

const promClient = createRequire(join(root, "packages/agent/package.json")).resolve("prom-client");
const peer = place.write(
  "peer.cjs",
  `const { Registry, Gauge } = require(${JSON.stringify(promClient)});
const registry = new Registry();
const gauge = new Gauge({ name: "peer_value", help: "A value", labelNames: ["service", "process"], registers: [registry] });
for (let at = 0; at < ${wanted}; at++) gauge.set({ service: "s" + at, process: "main" }, at);
require("node:http").createServer(async (_, response) => response.end(await registry.metrics())).listen(${port + 1}, "127.0.0.1");`,
);

const keepAlive = new Agent({ keepAlive: true, maxSockets: 1 });
const scrape = (at: number): Promise<string> =>
  new Promise((resolve, reject) => {
    const request = get({ port: at, host: "127.0.0.1", path: "/metrics", agent: keepAlive }, (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => (text += chunk.toString()));
      response.on("end", () => resolve(text));
    });
    request.on("error", reject);
  });
const series = (text: string): number => text.split("\n").filter((line) => line !== "" && !line.startsWith("#")).length;

const agent = place.spawn([...ostler, "run", "-c", config]);
place.spawn([process.execPath, peer]);
await until(() => scrape(port + 1).catch(() => ""));
await until(async () => series(await scrape(port).catch(() => "")) >= wanted);

const took: Record<"ostler" | "peer", number[]> = { ostler: [], peer: [] };
for (let round = 0; round < scrapes; round++)
  for (const [name, at] of [
    ["ostler", port],
    ["peer", port + 1],
  ] as const) {
    const startMs = performance.now();
    await scrape(at);
    if (round > scrapes / 10) took[name].push(performance.now() - startMs);
  }
const [ours, theirs] = [await scrape(port), await scrape(port + 1)];
report(`/metrics, ms, ${scrapes} scrapes on one connection`, [
  ["", "series", "bytes", "p50", "p99", "ratio"],
  [
    "ostler",
    `${series(ours)}`,
    `${ours.length}`,
    median(took.ostler),
    quantile(took.ostler, 0.99),
    median(took.ostler) / median(took.peer),
  ],
  [
    "prom-client, one gauge, bare server",
    `${series(theirs)}`,
    `${theirs.length}`,
    median(took.peer),
    quantile(took.peer, 0.99),
    "1.00",
  ],
]);
keepAlive.destroy();
const { execFileSync } = await import("node:child_process");
for (let at = 0; at < services.length; at++)
  execFileSync(ostler[0] ?? "", [...ostler.slice(1), "-c", config, "stop", `s${at}`], { stdio: "ignore" });
agent.kill("SIGTERM");
