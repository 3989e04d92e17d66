// What checks and rules cost one agent: 100 and 1,000 HTTP checks every 10 s, then 5,000 rules over 1,000 series beside them.
import { createServer, get } from "node:http";
import type { AddressInfo } from "node:net";
import { execFileSync, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { ostler, report, until, Workplace } from "./helpers/bench.js";
import { cpuMs, memoryMib } from "./helpers/proc.js";

const [, , argument = "30"] = process.argv;
const seconds = Number(argument);
const series = 1000;
const steps = [
  { checks: 0, rules: 0 },
  { checks: 100, rules: 0 },
  { checks: 1000, rules: 0 },
  { checks: 0, rules: 5000 },
  { checks: 1000, rules: 5000 },
];

if (argument === "serve") serve();
else if (argument === "ask") ask(Number(process.argv[3]));
else await measure();

/** The service that is asked, in a process of its own. */
function serve(): void {
  const page = Array.from({ length: series }, (_, at) => `bench_value{n="${at}"} ${at}\n`).join("");
  const server = createServer(({ url }, response) => response.end(url === "/metrics" ? page : "ok\n"));
  server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
  process.on("disconnect", () => process.exit(0));
}

/** What 100 requests a second on connections of their own cost a process that does nothing else. */
function ask(port: number): void {
  const timer = setInterval(() => {
    get({ host: "127.0.0.1", port, agent: false }, (response) => response.resume());
  }, 10);
  process.on("disconnect", () => clearInterval(timer));
}

async function floor(asked: number): Promise<(string | number)[]> {
  const child = fork(fileURLToPath(import.meta.url), ["ask", String(asked)]);
  await new Promise((resolve) => setTimeout(resolve, 2000));
  const before = cpuMs(child.pid);
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const spent = (cpuMs(child.pid) - before) / seconds;
  const { rss } = memoryMib(child.pid);
  child.disconnect();
  await once(child, "exit");
  return ["a bare Node that asks", "", 100, spent, "", "", rss];
}

async function measure(): Promise<void> {
  const server = fork(fileURLToPath(import.meta.url), ["serve"]);
  const [asked] = (await once(server, "message")) as [number];
  const rows: (string | number)[][] = [
    ["checks", "rules", "probes/s", "CPU ms/s", "longest lag ms", "median lag ms", "RSS MiB"],
  ];
  for (const step of steps) rows.push(await one(step, asked));
  rows.push(await floor(asked));
  report(`checks every 10 s and rules every 15 s, for ${seconds} s`, rows);
  server.disconnect();
}

async function one({ checks, rules }: { checks: number; rules: number }, asked: number): Promise<(string | number)[]> {
  await using place = new Workplace();
  const port = 21_684;
  const check = (at: number): string =>
    `{name: c${at}, kind: http, role: info, url: "http://127.0.0.1:${asked}/", every: 10s}`;
  const rule = (at: number): string => {
    const looked = `metric: bench_value, labels: {n: "${at % series}"}`;
    const exprs = [
      `{${looked}, op: ">", value: 1e9}`,
      `{rate: {${looked}, window: 5m}, op: ">", value: 1e9}`,
      `{slope: {${looked}, window: 5m}, op: ">", value: 1e9}`,
    ];
    return `{name: r${at}, expr: ${exprs[at % exprs.length]}}`;
  };
  const all = (count: number, each: (at: number) => string): string =>
    Array.from({ length: count }, (_, at) => each(at)).join(", ");
  const config = place.write(
    "ostler.yaml",
    `agent: {data_dir: ./data, log: {output: ./log}}
http: {listen: "127.0.0.1:${port}"}
services:
  web:
    command: [sleep, "3600"]
    metrics: {scrape: {prometheus: {url: "http://127.0.0.1:${asked}/metrics"}}, max_series: ${2 * series}}
    checks: [${all(checks, check)}]
    rules: [${all(rules, rule)}]
`,
  );
  const agent = place.spawn([...ostler, "run", "-c", config]);
  const scrape = async (): Promise<string> => (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const count = async (pattern: RegExp): Promise<number> =>
    (await scrape().catch(() => "")).split("\n").filter((line) => pattern.test(line)).length;
  await until(async () => (await count(/^bench_value/)) === series, 120_000);
  await until(async () => (await count(/^ostler_check_up/)) === checks, 120_000);
  const probes = async (): Promise<number> =>
    (await scrape())
      .split("\n")
      .filter((line) => line.startsWith("ostler_check_probes_total"))
      .reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
  const before = { cpu: cpuMs(agent.pid), probes: await probes() };
  const lags: number[] = [];
  for (let second = 0; second < seconds; second++) {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const lag = /^ostler_event_loop_lag_seconds (.*)$/m.exec(await scrape())?.[1];
    lags.push(Number(lag) * 1000);
  }
  const spent = (cpuMs(agent.pid) - before.cpu) / seconds;
  const rate = ((await probes()) - before.probes) / seconds;
  const sorted = lags.sort((a, b) => a - b);
  const row = [
    ...[String(checks), String(rules), rate, spent],
    ...[sorted.at(-1) ?? 0, sorted[Math.floor(sorted.length / 2)] ?? 0, memoryMib(agent.pid).rss],
  ];
  execFileSync(ostler[0] ?? "", [...ostler.slice(1), "-c", config, "stop", "web"]);
  agent.kill("SIGTERM");
  await once(agent, "exit");
  return row;
}
