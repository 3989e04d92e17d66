// How long from SIGKILL of a service to the first instruction of its successor: Ostler beside a bare spawn, pm2 and supervisord.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import {
  endGroup,
  median,
  nowNs,
  ostler,
  quantile,
  report,
  root,
  startsIn,
  until,
  Workplace,
} from "./helpers/bench.js";

const rounds = Number(process.argv[2] ?? 40);
const pm2Version = "7.0.4";

await using place = new Workplace();
const service = place.firstInstruction();

type Peer = { name: string; file: string; start: () => Promise<void> | void; stop: () => void; samples: number[] };
const fileOf = (name: string): string => place.path(`${name}.started`);

const bareSpawn = place.write(
  "bare.cjs",
  `const { spawn } = require("node:child_process");
(function start() { spawn(${JSON.stringify(service)}, [${JSON.stringify(fileOf("bare"))}], { stdio: "ignore" }).on("exit", start); })();`,
);
const ostlerConfig = place.write(
  "ostler.yaml",
  `agent: {data_dir: ./data, log: {output: ./log}}\nhttp: {listen: "off"}\nservices: {svc: {command: [${service}, ${fileOf("ostler")}], restart: {backoff: {initial: 0s}, crash_loop: {window: 0s}}}}\n`,
);
const supervisorConfig = place.write(
  "supervisord.conf",
  `[supervisord]\nnodaemon=true\nlogfile=/dev/null\nlogfile_maxbytes=0\npidfile=${place.path("supervisord.pid")}\n[program:svc]\ncommand=${service} ${fileOf("supervisord")}\nautorestart=true\nstartsecs=0\nstdout_logfile=/dev/null\nstderr_logfile=/dev/null\n`,
);

/** pm2 is installed once, below node_modules/.cache. */
function pm2(...args: string[]): void {
  const prefix = join(root, "node_modules/.cache/bench-pm2");
  const program = join(prefix, "node_modules/pm2/bin/pm2");
  if (!existsSync(program)) {
    mkdirSync(prefix, { recursive: true });
    execFileSync(
      "npm",
      ["install", "--prefix", prefix, "--no-save", "--no-audit", "--no-fund", "--loglevel=error", `pm2@${pm2Version}`],
      { stdio: "inherit" },
    );
  }
  execFileSync(process.execPath, [program, ...args], {
    env: { ...process.env, PM2_HOME: place.path("pm2") },
    stdio: "ignore",
  });
}

const peers: Peer[] = [
  {
    name: "Node 'exit' → spawn (floor)",
    file: fileOf("bare"),
    start: () => void place.spawn([process.execPath, bareSpawn]),
    stop: () => {},
    samples: [],
  },
  {
    name: "ostler",
    file: fileOf("ostler"),
    start: () => void place.spawn([...ostler, "run", "-c", ostlerConfig]),
    stop: () => {},
    samples: [],
  },
  {
    name: `pm2 ${pm2Version}`,
    file: fileOf("pm2"),
    start: () => pm2("start", service, "--name", "svc", "--", fileOf("pm2")),
    stop: () => pm2("kill"),
    samples: [],
  },
];
if (existsSync("/usr/bin/supervisord"))
  peers.push({
    name: "supervisord",
    file: fileOf("supervisord"),
    start: () => void place.spawn(["/usr/bin/supervisord", "-c", supervisorConfig]),
    stop: () => {},
    samples: [],
  });
else console.log("supervisord is not installed (Debian: supervisor): not measured");

for (const { start, file } of peers) {
  await start();
  await until(() => startsIn(file).length > 0);
}
// In turn, each after it ran for more than a second: pm2 and supervisord take an earlier end for a failed start.
for (let round = 0; round < rounds; round++) {
  await new Promise((resolve) => setTimeout(resolve, 1100));
  for (const { file, samples } of peers) {
    const before = startsIn(file);
    const killed = nowNs();
    process.kill(before.at(-1)?.pid ?? 0, "SIGKILL");
    const after = await until(() => (startsIn(file).length > before.length ? startsIn(file) : undefined));
    samples.push(Number((after.at(-1)?.atNs ?? 0n) - killed) / 1e6);
  }
}
for (const { stop } of peers) stop();

const floor = median(peers[0]?.samples ?? []);
report(`crash to new process, ms, of ${rounds}`, [
  ["", "median", "p90", "min", "ratio to the floor"],
  ...peers.map(({ name, samples }) => [
    name,
    median(samples),
    quantile(samples, 0.9),
    Math.min(...samples),
    median(samples) / floor,
  ]),
]);
const left = peers.flatMap(({ file }) => startsIn(file).map(({ pid }) => pid));
await place[Symbol.asyncDispose]();
left.forEach(endGroup);
