// How much memory and CPU an idle agent takes after a minute: one service, ten checks, one controller; beside a bare Node.
import { Controller, tokens } from "@ostler/sdk";
import { ostler, report, until, Workplace } from "./helpers/bench.js";
import { cpuMs, memoryMib, parentOf } from "./helpers/proc.js";

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
  const { rss, pss, anonymous } = memoryMib(of);
  return [name, rss, pss, anonymous, (cpuMs(of) - cpuBefore) / seconds];
};
const keeper = pid?.name === "running" ? parentOf(pid.pid) : 0;
report(`after ${seconds} s with one service, ten checks and one controller, MiB and ms of CPU a second`, [
  ["", "RSS", "PSS", "anonymous", "CPU ms/s"],
  row("ostler", agent.pid, before[0]),
  row("its keeper (sh)", keeper, cpuMs(keeper)),
  row("a bare Node", node.pid, before[1]),
]);
const { execFileSync } = await import("node:child_process");
execFileSync(ostler[0] ?? "", [...ostler.slice(1), "-c", config, "stop", "svc"], { stdio: "ignore" });
