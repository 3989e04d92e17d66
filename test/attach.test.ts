import assert from "node:assert/strict";
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Envelope, ServiceState } from "@ostler/protocol";
import { fixture, kill, TestAgent } from "./helpers/agent.js";
import { until } from "./helpers/until.js";

const script = fixture("daemon.sh");

/** A service with the daemon's pid file, and what else stands below `attach`. */
const attached = (more = ""): string => `
services:
  web:
    attach:
      pid_file: DIR/web.pid
${more}`;

const commands = `
      start: [sh, ${script}, start, DIR/web.pid]
      stop: [sh, ${script}, stop, DIR/web.pid]
`;

/** The daemon of somebody else: neither the agent nor its end have anything to do with it. */
class Daemon implements Disposable {
  readonly file: string;

  constructor({ directory }: TestAgent) {
    this.file = join(directory, "web.pid");
  }

  /** Its pid, when it has left it. */
  get pid(): number {
    return existsSync(this.file) ? Number(readFileSync(this.file, "utf8")) : 0;
  }

  do(verb: "start" | "stop" | "restart"): void {
    assert.equal(spawnSync("sh", [script, verb, this.file]).status, 0);
  }

  start(): Promise<number> {
    this.do("start");
    return until(() => this.pid, "the daemon runs");
  }

  /** Everybody whose arguments name the pid file leads a group of the daemon. */
  [Symbol.dispose](): void {
    const { stdout } = spawnSync("pgrep", ["-f", `run ${this.file}`], { encoding: "utf8" });
    for (const pid of stdout.split("\n").filter(Boolean)) kill(-Number(pid));
  }
}

const service = async (agent: TestAgent): Promise<ServiceState> =>
  (await agent.state()).services.web ?? assert.fail("there is no web");

const phase = async (agent: TestAgent): Promise<ServiceState["processes"][string]["phase"]> =>
  (await service(agent)).processes.main?.phase ?? assert.fail("it has no main");

const is = (agent: TestAgent, wanted: string): Promise<unknown> =>
  until(async () => (await phase(agent)).name === wanted, `it is ${wanted}`);

const gaveUp = async (agent: TestAgent): Promise<string> =>
  until(async () => {
    const its = await phase(agent);
    return its.name === "gave-up" ? its.reason : "";
  }, "it has given up");

const last = (agent: TestAgent, type: string): Promise<Envelope> =>
  until(async () => (await agent.events(`service.${type}`)).at(-1), `${type} is stored`);

/** What happened to the process, without what became of its readiness. */
const story = async (agent: TestAgent): Promise<string> =>
  (await agent.events("service.*"))
    .map(({ type }) => type.slice(15))
    .filter((type) => !["configured", "ready", "unready", "crashed", "signalled"].includes(type))
    .join(" ");

async function isRunning(agent: TestAgent, daemon: Daemon): Promise<number> {
  return until(async () => {
    const its = await phase(agent);
    return its.name === "running" && its.pid === daemon.pid ? its.pid : 0;
  }, "it is seen");
}

test("a daemon that runs is adopted by its pid file, and outlives agent and configuration", async () => {
  await using agent = TestAgent.prepare(attached());
  using daemon = new Daemon(agent);
  const pid = await daemon.start();
  await agent.run();
  assert.equal(await isRunning(agent, daemon), pid);
  await agent.ready("web");
  assert.match(
    (await agent.ostler("why", "web")).stdout,
    /It runs, pid \d+, .*; it is attached by its pid file \/.*web\.pid; rule: services\.web\.attach\./,
  );
  const { usage } = (await until(async () => {
    const seen = JSON.parse((await agent.ostler("--json", "status", "web")).stdout) as { usage: { main?: object } };
    return seen.usage.main && seen;
  }, "it is measured")) as { usage: { main: { pids: number[]; children: object } } };
  assert.deepEqual([usage.main.pids[0], usage.main.children], [pid, { sleep: 1 }]);
  await until(async () => (await story(agent)) === "adopted");
  await agent.end("SIGKILL");
  await agent.run();
  await until(async () => (await story(agent)) === "adopted adopted");
  agent.configure("services: {}\n");
  assert.equal((await agent.ostler("reload")).code, 0);
  assert.equal((await agent.state()).services.web, undefined);
  assert.equal(daemon.pid, pid);
});

test("a daemon is started, restarted and stopped by the commands of its configuration", async () => {
  await using agent = await TestAgent.start(attached(commands));
  using daemon = new Daemon(agent);
  assert.equal((await phase(agent)).name, "stopped");
  assert.equal((await agent.ostler("start", "web")).code, 0);
  const first = await isRunning(agent, daemon);
  assert.equal((await agent.ostler("restart", "web", "--reason", "new data")).code, 0);
  const second = await isRunning(agent, daemon);
  assert.notEqual(second, first);
  assert.deepEqual((await last(agent, "restarted")).data.because, "new data");
  assert.equal((await agent.ostler("stop", "web")).code, 0);
  assert.deepEqual([(await phase(agent)).name, daemon.pid], ["stopped", 0]);
  assert.equal((await agent.ostler("stop", "web")).code, 0, "doing it twice is doing it once");
  await until(async () => (await story(agent)) === "started exited restarted exited stopped");
  const exits = await agent.events("service.exited");
  assert.deepEqual(
    exits.map(({ data }) => data.expected),
    [true, true],
  );
});

test("a restart command of its own restarts it, and so does a failed liveness check", async () => {
  const check =
    "{name: alive, kind: exec, command: [sh, -c, 'test -e DIR/well || exit 2'], role: liveness, every: 100ms, failures: 1}";
  const config = `${attached(`      restart: [sh, ${script}, restart, DIR/web.pid]`)}\n    checks: [${check}]\n`;
  await using agent = TestAgent.prepare(config);
  using daemon = new Daemon(agent);
  writeFileSync(join(agent.directory, "well"), "");
  const first = await daemon.start();
  await agent.run();
  assert.equal(await isRunning(agent, daemon), first);
  assert.equal((await agent.ostler("restart", "web")).code, 0);
  const second = await isRunning(agent, daemon);
  assert.notEqual(second, first);
  await until(async () => (await service(agent)).checks.alive?.status === "passed");
  rmSync(join(agent.directory, "well"));
  await until(async () => (await agent.events("service.restarted")).length > 1, "the policy restarts it");
  writeFileSync(join(agent.directory, "well"), "");
  const { because } = (await last(agent, "restarted")).data;
  assert.match(String(because), /^liveness check alive failed/);
  assert.equal((await last(agent, "exited")).data.cause, "watchdog");
  await agent.ready("web");
});

test("what the owner does is seen, and left to the owner", async () => {
  await using agent = TestAgent.prepare(attached(commands));
  using daemon = new Daemon(agent);
  await daemon.start();
  await agent.run();
  await isRunning(agent, daemon);
  daemon.do("restart");
  await until(() => daemon.pid);
  await isRunning(agent, daemon);
  daemon.do("stop");
  await is(agent, "stopped");
  const exits = await until(async () => {
    const all = await agent.events("service.exited");
    return all.length === 2 ? all : undefined;
  });
  assert.deepEqual(
    exits.map(({ data }) => data.expected),
    [true, true],
  );
  assert.deepEqual(await agent.events("service.crashed"), []);
  await daemon.start();
  const pid = await isRunning(agent, daemon);
  kill(-pid);
  assert.equal(await gaveUp(agent), `pid file ${daemon.file} names process ${pid}, which is gone`);
  const crashed = await last(agent, "crashed");
  assert.deepEqual([crashed.data.pid, crashed.data.cause], [pid, "unknown"]);
  await daemon.start();
  await isRunning(agent, daemon);
  assert.doesNotMatch(await story(agent), /delayed/);
});

test("without a command an action is refused, with the setting that would allow it", async () => {
  await using agent = TestAgent.prepare(attached());
  using daemon = new Daemon(agent);
  const pid = await daemon.start();
  await agent.run();
  await isRunning(agent, daemon);
  const settings = { start: /Set attach\.start\./, stop: /Set attach\.stop\./, restart: /Set attach\.restart, or/ };
  for (const [verb, setting] of Object.entries(settings)) {
    const { code, stderr } = await agent.ostler(verb, "web");
    assert.equal(code, 1);
    assert.match(stderr, setting);
  }
  assert.match((await agent.ostler("isolate", "web", "--reason", "odd")).stderr, /Set attach\.stop\./);
  assert.equal((await service(agent)).isolation, undefined, "who cannot be stopped is not isolated either");
  assert.equal(daemon.pid, pid);
});

test("a command that fails says what it said", async () => {
  const stop = "[sh, -c, 'echo no more of that >&2; exit 3']";
  await using agent = TestAgent.prepare(attached(`      stop: ${stop}\n      start: [DIR/nothing]\n`));
  using daemon = new Daemon(agent);
  await agent.run();
  assert.match((await agent.ostler("start", "web")).stderr, /The start command of web could not be started: .*nothing/);
  await daemon.start();
  await isRunning(agent, daemon);
  const { code, stderr } = await agent.ostler("stop", "web");
  assert.equal(code, 1);
  assert.match(stderr, /The stop command of web exited with code 3: no more of that/);
  const logs = await agent.ostler("logs", "web");
  assert.deepEqual(logs.stdout, "main no more of that\n");
  assert.match(logs.stderr, /web is attached by .*web\.pid: what it writes goes where its owner has sent it/);
});

test("a command that never ends is ended after its time, alone", async () => {
  await using agent = await TestAgent.start(attached("      start: [sleep, '1000']\n      timeout: 300ms\n"));
  const { code, stderr } = await agent.ostler("start", "web");
  assert.equal(code, 1);
  assert.match(stderr, /The start command of web did not end within 0\.3 s/);
  assert.equal((await agent.ostler("stop", "web")).code, 0, "there is nothing to stop");
});

test("a pid file whose pid was given to another program is recognised, and nobody is touched", async () => {
  await using agent = TestAgent.prepare(attached(`${commands}      timeout: 2s\n`));
  const child = await sleeper();
  const file = join(agent.directory, "web.pid");
  writeFileSync(file, String(child.pid));
  const longAgo = Date.now() / 1000 - 3600;
  utimesSync(file, longAgo, longAgo);
  await agent.run();
  assert.match(await gaveUp(agent), /another program was given that pid after the file was written/);
  assert.equal((await agent.ostler("stop", "web")).code, 0);
  assert.deepEqual([child.exitCode, child.signalCode], [null, null]);
  await ended(child);
});

test("a pid file without a pid is told as what it is", async () => {
  await using agent = TestAgent.prepare(attached());
  const file = join(agent.directory, "web.pid");
  writeFileSync(file, "no pid\n");
  await agent.run();
  assert.equal(await gaveUp(agent), `pid file ${file} holds "no pid", which is no pid`);
  writeFileSync(file, "");
  await until(async () => (await gaveUp(agent)) === `pid file ${file} is empty`);
  rmSync(file);
  await is(agent, "stopped");
  assert.equal(await agent.isReady("web"), false);
});

test("a daemon that changes hands changes hands once: nothing runs twice, nothing is lost", async () => {
  const own = "services:\n  web: {command: [sleep, '1000']}\n";
  await using agent = await TestAgent.start(own);
  using daemon = new Daemon(agent);
  await agent.pidOf("web");
  await daemon.start();
  agent.configure(attached(commands));
  assert.equal((await agent.ostler("reload")).code, 0);
  await isRunning(agent, daemon);
  assert.deepEqual(agent.servicePids(), [], "ours has ended before");
  agent.configure(own);
  assert.equal((await agent.ostler("reload")).code, 0);
  assert.notEqual(await agent.pidOf("web"), daemon.pid);
  assert.notEqual(daemon.pid, 0, "theirs runs on");
  agent.configure(attached(commands));
  await agent.end("SIGKILL");
  await agent.run();
  await isRunning(agent, daemon);
  await until(() => agent.servicePids().length === 0, "ours has ended, by the next agent");
});

/** What the agent takes for systemctl: a program that answers with the text of a file, or not at all. */
class Systemctl {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = join(directory, "bin");
    mkdirSync(this.#directory);
  }

  get path(): string {
    return this.#directory;
  }

  install(): void {
    const path = join(this.#directory, "systemctl");
    const text = `#!/bin/sh\n[ ! -e ${path}.hangs ] || exec /bin/sleep 1000\nexec /bin/cat ${path}.answer\n`;
    writeFileSync(path, text);
    chmodSync(path, 0o755);
  }

  hang(on: boolean): void {
    const file = join(this.#directory, "systemctl.hangs");
    if (on) writeFileSync(file, "");
    else rmSync(file);
  }

  answer(properties: Record<string, string | number>): void {
    const known = { Id: "web.service", LoadState: "loaded", ...properties };
    const text = Object.entries(known).map(([name, value]) => `${name}=${value}\n`);
    writeFileSync(join(this.#directory, "systemctl.answer"), text.join(""));
  }
}

test("a systemctl that is missing or hangs is told, and works again when it does", async () => {
  await using agent = TestAgent.prepare("services: {web: {attach: {systemd: web.service}}}\n");
  const systemctl = new Systemctl(agent.directory);
  agent.env.PATH = systemctl.path;
  const degraded = async (): Promise<string> => (await agent.state()).agent.degraded.systemctl ?? "";
  const child = await sleeper();
  systemctl.answer({ ActiveState: "active", SubState: "running", MainPID: child.pid ?? 0 });
  await agent.run();
  await until(async () =>
    /systemctl could not be run: .*ENOENT.*Only a host with systemd has units/.test(await degraded()),
  );
  systemctl.install();
  assert.equal(await agent.pidOf("web"), child.pid);
  await until(async () => (await degraded()) === "");
  systemctl.hang(true);
  await ended(child);
  await is(agent, "exited");
  assert.match(JSON.stringify((await last(agent, "exited")).data.exit), /its owner could not be asked: .* within 5 s/);
  assert.match(await degraded(), /systemctl did not answer within 5 s/);
  systemctl.answer({ ActiveState: "failed", SubState: "failed", MainPID: 0, Result: "core-dump" });
  systemctl.hang(false);
  assert.equal(await gaveUp(agent), "web.service has failed, its result is core-dump");
  assert.equal(await degraded(), "");
  assert.equal((await agent.events("service.exited")).length, 1);
});

async function sleeper(): Promise<ChildProcess> {
  const child = spawn("sleep", ["1000"], { stdio: "ignore" });
  await once(child, "spawn");
  return child;
}

async function ended(child: ChildProcess): Promise<void> {
  const exit = once(child, "exit");
  child.kill("SIGKILL");
  await exit;
}

test("who has another owner, and is not started by it after a cold backup, is tried again until it is", async () => {
  const start = `[sh, -c, "test ! -e DIR/broken && exec sh ${script} start DIR/web.pid"]`;
  const stop = `[sh, -c, "echo > DIR/broken; exec sh ${script} stop DIR/web.pid"]`;
  const backups = `    backups:\n      - {name: data, paths: [web.pid.log], mode: cold}\n`;
  await using agent = TestAgent.prepare(
    `agent: {data_dir: ./data, backups: {min_free: 1MiB}}
http: {listen: "127.0.0.1:0"}
${attached(`      start: ${start}\n      stop: ${stop}\n${backups}`).trimStart()}`,
  );
  using daemon = new Daemon(agent);
  await daemon.start();
  await agent.run();
  await is(agent, "running");
  const making = agent.ostler("backup", "create", "data");
  const isAtRest = async (): Promise<boolean> =>
    (await agent.events("agent.degraded")).some(({ data }) => data.part === "backups web/data: rest");
  await until(isAtRest, "its owner did not start it");
  rmSync(join(agent.directory, "broken"));
  assert.equal((await making).code, 0);
  await is(agent, "running");
});
