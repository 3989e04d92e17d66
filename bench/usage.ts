// What the measurement of all services costs: 100 services of 3 processes each, and how it grows with strangers on the host.
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { endGroup, ostler, report, until, Workplace } from "./helpers/bench.js";
import { cpuMs } from "./helpers/proc.js";

const services = Number(process.argv[2] ?? 100);
const seconds = Number(process.argv[3] ?? 20);
const strangers = [0, 500, 1000];
const everyS = 10;

await using place = new Workplace();
const port = 21_683;
const tree = `[sh, -c, "sleep 3600 & sleep 3600 & wait"]`;
const names = Array.from({ length: services }, (_, at) => `s${at}`);
const write = (every: string, running = names): string =>
  place.write(
    "ostler.yaml",
    `agent: {data_dir: ./data, log: {output: ./log}, usage: {every: ${every}}}
http: {listen: "127.0.0.1:${port}"}
services: {${running.map((name) => `${name}: {command: ${tree}}`).join(", ")}}
`,
  );
const config = write("1s");
const agent = place.spawn([...ostler, "run", "-c", config]);
const reload = (): string =>
  execFileSync(ostler[0] ?? "", [...ostler.slice(1), "-c", config, "reload"], { encoding: "utf8" });
const scrape = async (): Promise<string> => (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
const measured = async (): Promise<number> =>
  (await scrape()).split("\n").filter((line) => /^ostler_process_children\{.*name="sleep"\} 2$/.test(line)).length;
await until(async () => (await measured().catch(() => 0)) === services, 120_000);

const rows: (string | number)[][] = [
  ["processes on the host", "CPU ms per measurement", "% of a core at 10 s", "µs per process"],
];
const others: number[] = [];
for (const wanted of strangers) {
  while (others.length < wanted) others.push(place.spawn(["sleep", "3600"]).pid ?? 0);
  const every = async (interval: string): Promise<number> => {
    write(interval);
    reload();
    await rest(3); // What is new is read more than once.
    const before = cpuMs(agent.pid);
    await rest(seconds);
    return (cpuMs(agent.pid) - before) / seconds;
  };
  const idle = await every("1h");
  const perMeasurement = (await every("1s")) - idle;
  const processes = readdirSync("/proc").filter((name) => /^\d/.test(name)).length;
  rows.push([
    `${processes}`,
    perMeasurement,
    (perMeasurement / (everyS * 1000)) * 100,
    (1000 * perMeasurement) / processes,
  ]);
}
report(
  `usage of ${services} services of 3 processes, measured every second for ${seconds} s, less the agent at rest`,
  rows,
);

for (const pid of others) endGroup(pid);
write("10s", []);
reload();
agent.kill("SIGTERM");

function rest(s: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, s * 1000));
}
