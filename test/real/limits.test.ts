import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { TestAgent } from "../helpers/agent.js";
import { until } from "../helpers/until.js";
import { needs, needsRoot } from "./tools.js";

const options = { ...needs("setpriv", "prlimit", "nice"), ...needsRoot() };

/** Ids in a line of /proc/PID/status: real, effective, saved, of the file system; or all groups. */
function idsOf(pid: number, line: "Uid" | "Gid" | "Groups"): number[] {
  const [, ids = ""] = new RegExp(`^${line}:\\s*(.*)$`, "m").exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return ids.split(/\s+/).filter(Boolean).map(Number);
}

/** Ids of a user of this host, as id(1) says. */
function id(option: "-u" | "-g" | "-G", user: string): number[] {
  return spawnSync("id", [option, user], { encoding: "utf8" }).stdout.trim().split(" ").map(Number);
}

const four = (one: number[]): number[] => [...one, ...one, ...one, ...one];

const sorted = (ids: number[]): number[] => ids.sort((a, b) => a - b);

function environmentOf(pid: number): Record<string, string> {
  const pairs = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").filter(Boolean);
  return Object.fromEntries(pairs.map((pair) => pair.split(/=(.*)/s).slice(0, 2) as [string, string]));
}

/** The program that its pid runs by now, after those that confine it. */
async function running(agent: TestAgent, service: string, program = "sleep"): Promise<number> {
  const pid = await agent.pidOf(service);
  await until(() => readFileSync(`/proc/${pid}/comm`, "utf8").trim() === program, `${program} runs`);
  return pid;
}

test(
  "a process of another user has this user's ids, groups and environment, and nothing of root",
  options,
  async () => {
    await using agent = await TestAgent.start(`services: {web: {command: [sleep, "600"], user: games, cwd: /}}`);
    const pid = await running(agent, "web");
    assert.deepEqual(idsOf(pid, "Uid"), four(id("-u", "games")));
    assert.deepEqual(idsOf(pid, "Gid"), four(id("-g", "games")));
    assert.deepEqual(sorted(idsOf(pid, "Groups")), sorted(id("-G", "games")));
    assert.match(readFileSync(`/proc/${pid}/status`, "utf8"), /^CapEff:\t0+$/m);
    const { HOME, USER, LOGNAME, SHELL, OSTLER_RUN } = environmentOf(pid);
    assert.deepEqual([HOME, USER, LOGNAME, SHELL], ["/usr/games", "games", "games", "/usr/sbin/nologin"]);
    assert.match(OSTLER_RUN ?? "", /\/web\/main\/1$/);
  },
);

test("a process of another user, confined in every way, notifies on its descriptor", options, async () => {
  const command = `[sh, -c, "echo >&5; exec 5>&-; exec sleep 600"]`;
  await using agent = await TestAgent.start(
    `services: {web: {command: ${command}, user: games, cwd: /, env: {LD_DEBUG_OUTPUT: x}, nice: 1, limits: {open_files: 100}, notify_fd: 5}}`,
  );
  await agent.ready("web");
  assert.deepEqual(idsOf(await running(agent, "web"), "Uid"), four(id("-u", "games")));
});

test("ids may be numbers that no user has, and groups others than the user's", options, async () => {
  await using agent = await TestAgent.start(
    `services: {web: {command: [sleep, "600"], user: 4711, group: 4712, groups: [adm, 4713], cwd: /}}`,
  );
  const pid = await running(agent, "web");
  assert.deepEqual(idsOf(pid, "Uid"), four([4711]));
  assert.deepEqual(idsOf(pid, "Gid"), four([4712]));
  assert.deepEqual(idsOf(pid, "Groups"), [4, 4713]);
});

test("records and output stay the agent's, and a stop ends what another user runs", options, async () => {
  await using agent = await TestAgent.start(
    `services: {web: {command: [sh, -c, "echo hello; sleep 600 & exec sleep 601"], user: games, umask: "0077", cwd: /}}`,
  );
  const pid = await running(agent, "web");
  await until(async () => (await agent.ostler("logs", "web")).stdout.includes("hello"), "its output is there");
  const { uid, mode } = statSync(join(agent.directory, "data", "output", "web.main.stdout"));
  assert.deepEqual([uid, mode & 0o777], [0, 0o600]);
  assert.equal((await agent.ostler("stop", "web")).code, 0);
  assert.deepEqual(agent.servicePids(), []);
  assert.throws(() => readFileSync(`/proc/${pid}/status`));
});

test("what the environment makes a program load is loaded by the process, not by root before it", options, async () => {
  await using agent = await TestAgent.start(
    `services: {web: {command: [sleep, "600"], user: games, cwd: /, env: {LD_PRELOAD: /no/such.so}}}`,
  );
  await running(agent, "web");
  const spool = join(agent.directory, "data", "output", "web.main.stderr");
  const written = await until(() => readFileSync(spool, "utf8"), "the loader has said that there is no such library");
  assert.equal(written.match(/no\/such\.so/g)?.length, 1, written);
});

test("the agent adopts what another user runs", options, async () => {
  await using agent = await TestAgent.start(`services: {web: {command: [sleep, "600"], user: games, cwd: /}}`);
  const pid = await running(agent, "web");
  await agent.end("SIGKILL");
  await agent.run();
  assert.equal(await agent.pidOf("web"), pid);
});

test("all limits hold at once, whoever the process belongs to", options, async () => {
  await using agent = await TestAgent.start(`
services:
  web:
    command: [sleep, "600"]
    cwd: /
    user: games
    umask: "0027"
    nice: -3
    no_new_privileges: true
    limits: {open_files: 123, processes: 456, core: 0, file_size: 1MiB, cpu_time: 1h, locked_memory: 4KiB, stack: 4MiB}
`);
  const pid = await running(agent, "web");
  const limits = readFileSync(`/proc/${pid}/limits`, "utf8");
  for (const [name, value] of Object.entries({
    "Max open files": 123,
    "Max processes": 456,
    "Max core file size": 0,
    "Max file size": 1024 ** 2,
    "Max cpu time": 3600,
    "Max locked memory": 4096,
    "Max stack size": 4 * 1024 ** 2,
  }))
    assert.match(limits, new RegExp(`^${name} +${value} +${value} `, "m"));
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  assert.match(status, /^Umask:\t0027$/m);
  assert.match(status, /^NoNewPrivs:\t1$/m);
  assert.equal(spawnSync("ps", ["-o", "ni=", "-p", String(pid)], { encoding: "utf8" }).stdout.trim(), "-3");
});

test("a limit that changes or goes takes a restart, and what cannot be is refused without one", options, async () => {
  const config = (more: string): string => `services: {web: {command: [sleep, "600"], cwd: /${more}}}`;
  await using agent = await TestAgent.start(config(", user: games, limits: {open_files: 100}"));
  const first = await running(agent, "web");
  for (const [bad, why] of [
    [", user: nobody-here", /There is no user "nobody-here"/],
    [", user: games, groups: [nobody-here]", /There is no group "nobody-here"/],
    [", limits: {open_files: 2000000000}", /failed to set the NOFILE resource limit/],
  ] as const) {
    agent.configure(config(bad));
    const { code, stderr } = await agent.ostler("reload");
    assert.equal(code, 3);
    assert.match(stderr, why);
    const preflight = await agent.ostler("validate", "--preflight");
    assert.equal(preflight.code, 3);
    assert.match(preflight.stdout, why);
    assert.equal(await agent.pidOf("web"), first);
  }
  agent.configure(config(""));
  assert.equal((await agent.ostler("reload")).code, 0);
  const second = await running(agent, "web");
  assert.notEqual(second, first);
  assert.deepEqual(idsOf(second, "Uid"), [0, 0, 0, 0]);
});

test("a process whose user does not exist is not started, and the reason is told", options, async () => {
  await using agent = await TestAgent.start(`services: {web: {command: [sleep, "600"], cwd: /, user: nobody-here}}`);
  const failed = await until(async () => (await agent.events("service.start-failed"))[0]);
  assert.match(String(failed.data.reason), /There is no user "nobody-here" on this host/);
  assert.deepEqual(agent.servicePids(), []);
});

test("a program or directory that the user may not reach is told before anything is started", options, async () => {
  await using agent = TestAgent.prepare(`
services:
  elsewhere: {command: [sleep, "600"], user: games}
  hidden: {command: [DIR/sleep], user: games, cwd: /}
`);
  copyFileSync("/bin/sleep", join(agent.directory, "sleep"));
  const { code, stdout } = await agent.ostler("validate", "--preflight");
  assert.equal(code, 3);
  assert.match(stdout, /elsewhere.*it may not enter its working directory/);
  assert.match(stdout, /hidden.*it may not execute/);
  chmodSync(agent.directory, 0o755);
  assert.equal((await agent.ostler("validate", "--preflight")).code, 0);
});

test("an agent that is not root says that it cannot start processes of others", options, async () => {
  await using agent = TestAgent.prepare(`
services:
  other: {command: [sleep, "600"], user: games, cwd: /}
  own: {command: [sleep, "600"], user: nobody, cwd: /, limits: {open_files: 100}, nice: 19}
`);
  chmodSync(agent.directory, 0o777);
  const child = agent.spawnIn(["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]);
  const failed = await until(async () => (await agent.events("service.start-failed"))[0]);
  assert.match(String(failed.data.reason), /The agent runs as user 65534: .* it must be root\.$/);
  assert.equal(failed.data.service, "other");
  const pid = await running(agent, "own");
  assert.match(readFileSync(`/proc/${pid}/limits`, "utf8"), /^Max open files +100 +100 /m);
  assert.equal(child.exitCode, null);
});

/** Has this host the controllers for memory and CPU in version 2, where its groups are made? */
const hasControllers = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"]
  .map((mount) => join(mount, "cgroup.controllers"))
  .some((file) => existsSync(file) && / ?cpu .*memory/.test(readFileSync(file, "utf8")));

const limited = `services: {web: {command: [sleep, "600"], cwd: /, limits: {memory: 64MiB, cpu: 0.5}}}`;

test("memory and CPU are limited by a control group, or the host is said to have none for it", options, async () => {
  await using agent = await TestAgent.start(limited);
  if (!hasControllers) {
    const why =
      /limits\.memory and limits\.cpu cannot be kept: .*controller for memory and cpu; .*unified_cgroup_hierarchy=1/;
    const failed = await until(async () => (await agent.events("service.start-failed"))[0]);
    assert.match(String(failed.data.reason), why);
    assert.match((await agent.ostler("validate", "--preflight")).stdout, why);
    assert.deepEqual(agent.servicePids(), []);
    return;
  }
  const pid = await running(agent, "web");
  const [, path = ""] = /^0::(.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, "utf8")) ?? [];
  const group = join("/sys/fs/cgroup", path);
  assert.match(path, /^\/ostler\/[^/]+\/web\.main\.1$/);
  assert.equal(readFileSync(join(group, "memory.max"), "utf8"), "67108864\n");
  assert.equal(readFileSync(join(group, "cpu.max"), "utf8"), "50000 100000\n");
  await agent.end("SIGKILL");
  await agent.run();
  assert.equal(await agent.pidOf("web"), pid);
  assert.equal((await agent.ostler("stop", "web")).code, 0);
  await until(() => !existsSync(group), "the group went with its run");
});
