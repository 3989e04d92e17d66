// How long from SIGKILL of a service to the first instruction of its successor: Ostler beside a bare spawn, pm2, supervisord, runit
// and systemd.
import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
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
import { Booted, pathOf } from "./helpers/of-tests.js";

const rounds = Number(process.argv[2] ?? 40);
const pm2Version = "7.0.4";

const place = new Workplace();
const service = place.firstInstruction();

/** `pidOf` says which process of this host a noted pid is, where the peer has pids of its own; what it runs ends with it. */
type Peer = {
  name: string;
  file: string;
  start: () => Promise<void> | void;
  stop: () => Promise<void> | void;
  pidOf?: (pid: number) => number;
  samples: number[];
};
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
const supervisord = pathOf("supervisord");
if (supervisord === undefined) console.log("supervisord is not installed (Debian: supervisor): not measured");
else
  peers.push({
    name: "supervisord",
    file: fileOf("supervisord"),
    start: () => void place.spawn([supervisord, "-c", supervisorConfig]),
    stop: () => {},
    samples: [],
  });
const runsv = pathOf("runsv");
if (runsv === undefined) console.log("runit is not installed (Debian: runit): not measured");
else peers.push(runit(runsv));

try {
  if (pathOf("/lib/systemd/systemd") === undefined) console.log("systemd is not installed: not measured");
  else if (process.getuid?.() !== 0) console.log("systemd is booted by root only: not measured");
  else peers.push(await systemd());
  await measure();
} finally {
  const left = peers.filter(({ pidOf }) => !pidOf).flatMap(({ file }) => startsIn(file).map(({ pid }) => pid));
  for (const { stop } of peers) await stop();
  await place[Symbol.asyncDispose]();
  left.forEach(endGroup);
}

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

/** In turn, each after it ran for more than a second: pm2, supervisord and runit take an earlier end for a failed start. */
async function measure(): Promise<void> {
  for (const { start, file } of peers) {
    await start();
    await until(() => startsIn(file).length > 0);
  }
  for (let round = 0; round < rounds; round++) {
    await new Promise((resolve) => setTimeout(resolve, 1100));
    for (const { file, samples, pidOf = same } of peers) {
      const before = startsIn(file);
      const pid = pidOf(before.at(-1)?.pid ?? 0);
      const killed = nowNs();
      process.kill(pid, "SIGKILL");
      const after = await until(() => (startsIn(file).length > before.length ? startsIn(file) : undefined));
      samples.push(Number((after.at(-1)?.atNs ?? 0n) - killed) / 1e6);
    }
  }
}

/** runsvdir only watches a directory for services; who restarts one is its runsv. */
function runit(program: string): Peer {
  return {
    name: "runit",
    file: fileOf("runit"),
    start: () => {
      mkdirSync(place.path("runit"));
      chmodSync(place.write("runit/run", `#!/bin/sh\nexec ${service} ${fileOf("runit")}\n`), 0o755);
      place.spawn([program, place.path("runit")]);
    },
    stop: () => {},
    samples: [],
  };
}

/** Booted for this bench in namespaces of its own, but none for time: its service reads the same clock. */
async function systemd(): Promise<Peer> {
  const host = await Booted.boot();
  const directory = join(host.root, "run/bench");
  return {
    name: "systemd, RestartSec=0",
    file: join(directory, "started"),
    start: () => {
      mkdirSync(directory);
      copyFileSync(service, join(directory, "service"));
      const unit = join(host.root, "run/systemd/system/svc.service");
      mkdirSync(dirname(unit), { recursive: true });
      writeFileSync(
        unit,
        "[Unit]\nStartLimitIntervalSec=0\n[Service]\nExecStart=/run/bench/service /run/bench/started\nRestart=always\nRestartSec=0\n",
      );
      host.shell("systemctl start svc");
    },
    stop: () => host[Symbol.asyncDispose](),
    pidOf: (pid) => host.pidHere(pid),
    samples: [],
  };
}

function same(pid: number): number {
  return pid;
}
