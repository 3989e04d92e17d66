// How much memory and CPU an idle agent takes after a minute: one service, ten checks, one controller; beside a bare Node.
import { readdirSync, readFileSync } from "node:fs";
import { Controller, tokens } from "@ostler/sdk";
import { ostler, report, until, Workplace } from "./helpers/bench.js";

const seconds = Number(process.argv[2] ?? 60);

await using place = new Workplace();
await using controller = await Controller.listen({ port: 0, auth: tokens({ a: "s" }) });
const port = 21_682;
const checks = Array.from(
  { length: 10 },
  (_, at) =>
    `      - {name: c${at}, kind: ${at % 2 === 0 ? `http, url: "http://127.0.0.1:${port}/health"` : `tcp, address: "127.0.0.1:${port}"`}}`,
);
const config = place.write(
  "ostler.yaml",
  `agent: {data_dir: ./data, log: {output: ./log}}\nhttp: {listen: "127.0.0.1:${port}"}\nservices:\n  svc:\n    command: [sleep, "3600"]\n    checks:\n${checks.join("\n")}\ncontrollers: [{url: "ws://127.0.0.1:${controller.port}", token: s}]\n`,
);
const bare = place.write("bare.cjs", "setInterval(() => {}, 1e9);");

const agent = place.spawn([...ostler, "run", "-c", config]);
const node = place.spawn([process.execPath, bare]);
const host = await until(() => controller.hosts.find(({ state }) => state.services.svc?.ready));
const pid = host.state.services.svc?.processes.main?.phase;
const before = [cpuMs(agent.pid), cpuMs(node.pid)];
await new Promise((resolve) => setTimeout(resolve, seconds * 1000));

const row = (name: string, of: number | undefined, cpuBefore = 0): (string | number)[] => {
  const rollup = readFileSync(`/proc/${of}/smaps_rollup`, "utf8");
  const mib = (key: string): number => Number(new RegExp(`^${key}:\\s+(\\d+) kB`, "m").exec(rollup)?.[1] ?? 0) / 1024;
  return [name, mib("Rss"), mib("Pss"), mib("Anonymous"), (cpuMs(of) - cpuBefore) / seconds];
};
const keeper = pid?.name === "running" ? Number(readFileSync(`/proc/${pid.pid}/stat`, "latin1").split(" ")[3]) : 0;
report(`after ${seconds} s with one service, ten checks and one controller, MiB and ms of CPU a second`, [
  ["", "RSS", "PSS", "anonymous", "CPU ms/s"],
  row("ostler", agent.pid, before[0]),
  row("its keeper (sh)", keeper, cpuMs(keeper)),
  row("a bare Node", node.pid, before[1]),
]);
const { execFileSync } = await import("node:child_process");
execFileSync(ostler[0] ?? "", [...ostler.slice(1), "-c", config, "stop", "svc"], { stdio: "ignore" });

/** Of all threads, from the scheduler's own count in nanoseconds. */
function cpuMs(of = 0): number {
  const threads = readdirSync(`/proc/${of}/task`);
  const ns = threads.map((thread) =>
    Number(readFileSync(`/proc/${of}/task/${thread}/schedstat`, "utf8").split(" ")[0]),
  );
  return ns.reduce((sum, one) => sum + one, 0) / 1e6;
}
