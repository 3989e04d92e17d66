import assert from "node:assert/strict";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import type { Envelope, EventData, ProcessState } from "@ostler/protocol";
import { fixture, kill, TestAgent } from "./helpers/agent.js";
import { until } from "./helpers/until.js";

/** What the agent makes of the ends of real programs. */

const crashAfter = (seconds: number, code: number, words = ""): string =>
  `command: [sh, ${fixture("crash-after.sh")}, "${seconds}", "${code}", "${words}"]`;

async function processOf(agent: TestAgent, service: string): Promise<ProcessState> {
  return until(async () => (await agent.state()).services[service]?.processes.main, `${service} is known`);
}

async function endOf(agent: TestAgent, service: string): Promise<NonNullable<ProcessState["lastExit"]>> {
  return until(async () => (await processOf(agent, service)).lastExit, `${service} has ended`);
}

async function told(agent: TestAgent, type: string, service: string): Promise<Envelope[]> {
  return (await agent.events(type)).filter(({ data }) => data.service === service);
}

test("every end has its cause, and an early one its likely reason", async () => {
  const other = createServer().listen(0, "127.0.0.1").unref();
  await once(other, "listening");
  const { port } = other.address() as AddressInfo;
  await using agent = await TestAgent.start(`
services:
  clean: {command: ["true"], restart: {policy: on-failure}}
  code: {${crashAfter(0, 3)}}
  signal: {command: [sh, -c, "kill -USR1 $$$$"]}
  port: {command: [node, ${fixture("port-taken.mjs")}, "${port}"]}
  space: {command: [sh, -c, "head -c 10 /dev/zero >/dev/full"]}
  module: {command: [node, -e, "require('no-such-module')"]}
  config: {${crashAfter(0, 1, "FATAL CONFIG FILE ERROR")}}
  usage: {${crashAfter(0, 64)}}
  denied: {${crashAfter(0, 1, "open /etc/shadow: permission denied")}}
  missing: {command: [/does/not/exist]}
`);
  const causes: Record<string, string> = {};
  for (const service of ["clean", "code", "signal", "port", "space", "module", "config", "usage", "denied"]) {
    const { cause, likely } = await endOf(agent, service);
    causes[service] = likely ? `${cause}: ${likely.reason}` : cause;
  }
  assert.deepEqual(causes, {
    clean: "clean",
    code: "code",
    signal: "signal",
    port: "code: address-in-use",
    space: "code: no-space",
    module: "code: missing-dependency",
    config: "code: configuration",
    usage: "code: configuration",
    denied: "code: permission",
  });
  assert.match((await endOf(agent, "port")).likely?.line ?? "", /EADDRINUSE/);
  assert.match((await agent.ostler("why", "port")).stdout, /probably its address is in use/);
  assert.match(String((await told(agent, "service.start-failed", "missing"))[0]?.data.reason), /\/does\/not\/exist/);
  other.close();
});

test("what only a person can mend is not retried at full speed", async () => {
  await using agent = await TestAgent.start(`
services:
  config: {${crashAfter(0, 78)}, restart: {backoff: {initial: 10ms, max: 30s}}}
`);
  const [delayed] = await until(async () => {
    const events = await told(agent, "service.delayed", "config");
    return events.length > 0 ? events : undefined;
  }, "it waits");
  assert.ok(Number(delayed?.data.delayMs) >= 15_000);
});

test("a start that cannot succeed tells its kind, is counted, and is not retried at full speed", async () => {
  await using agent = TestAgent.prepare("services: {}");
  const write = (name: string, text: string, mode: number): void =>
    writeFileSync(join(agent.directory, name), text, { mode });
  write("plain", "#!/bin/sh\n", 0o644);
  write("script", "#!/does/not/exist\n", 0o755);
  write("wrapper", "#!/bin/sh\nexec /does/not/exist\n", 0o755);
  const restart = "restart: {backoff: {initial: 10ms, max: 30s}}";
  agent.configure(`
services:
  missing: {command: [/does/not/exist], ${restart}}
  plain: {command: [DIR/plain], ${restart}}
  script: {command: [DIR/script], ${restart}}
  place: {command: ["true"], cwd: /does/not/exist, ${restart}}
  wrapper: {command: [DIR/wrapper], ${restart}}
`);
  await agent.run();
  const delays = await until(async () => {
    const delayed = await agent.events("service.delayed");
    return delayed.length === 5 ? delayed.map(({ data }) => Number(data.delayMs)) : undefined;
  }, "all of them wait");
  assert.ok(
    delays.every((ms) => ms >= 15_000),
    delays.join(", "),
  );
  const kinds = (await agent.events("service.start-failed")).map(({ data }) => [data.service, data.kind]);
  assert.deepEqual(Object.fromEntries(kinds), {
    missing: "not-found",
    plain: "not-executable",
    script: "no-interpreter",
    place: "bad-cwd",
  });
  assert.equal((await endOf(agent, "wrapper")).likely?.reason, "missing-dependency");
  const metrics = String(await agent.get("/metrics"));
  assert.match(
    metrics,
    /ostler_process_start_failures_total\{service="script",process="main",kind="no-interpreter"\} 1/,
  );
  write("plain", "#!/bin/sh\nsleep 600\n", 0o755);
  chmodSync(join(agent.directory, "plain"), 0o755);
  assert.equal((await agent.ostler("start", "plain")).code, 0);
  assert.equal((await processOf(agent, "plain")).startFailure, undefined);
});

test("an unhealthy process ends by the watchdog, and one that ignores its signal by the timeout", async () => {
  await using agent = await TestAgent.start(`
services:
  sick:
    command: [sleep, "600"]
    checks: [{name: alive, kind: exec, command: [sh, -c, "exit 2"], role: liveness, every: 50ms, failures: 2}]
  stubborn: {command: [sh, ${fixture("ignore-term.sh")}, DIR/up], stop: {timeout: 100ms}}
`);
  assert.equal((await endOf(agent, "sick")).cause, "watchdog");
  await until(() => existsSync(join(agent.directory, "up")), "it ignores what it is asked");
  await agent.ostler("stop", "stubborn");
  const { cause, expected } = await endOf(agent, "stubborn");
  assert.deepEqual([cause, expected], ["timeout", true]);
});

test("a crash tells which variables and which release are others since it ran well", async () => {
  await using agent = TestAgent.prepare("services: {}");
  const { directory } = agent;
  for (const release of ["41", "42"]) {
    mkdirSync(join(directory, release));
    writeFileSync(
      join(directory, release, "serve"),
      "#!/bin/sh\n[ -e DIR/crash ] && exit 3\nexec sleep 600\n".replace("DIR", directory),
      { mode: 0o755 },
    );
  }
  symlinkSync("41", join(directory, "current"));
  writeFileSync(join(directory, "env"), "TOKEN=hunter-one\nOLD=1\n");
  agent.configure(`
services:
  web:
    command: [DIR/current/serve]
    env_file: [DIR/env]
    restart: {stable_after: 100ms, backoff: {initial: 10m, max: 10m}}
`);
  await agent.run();
  await until(async () => (await processOf(agent, "web")).settled, "it has run well");
  rmSync(join(directory, "current"));
  symlinkSync("42", join(directory, "current"));
  writeFileSync(join(directory, "env"), "TOKEN=hunter-two\nNEW=1\n");
  writeFileSync(join(directory, "crash"), "");
  await agent.ostler("restart", "web");
  const crash = await until(async () => (await told(agent, "service.crashed", "web"))[0], "it has crashed");
  const { environment, files = [] } = crash.data.changed as NonNullable<EventData<"service.crashed">["changed"]>;
  assert.deepEqual(environment, { added: ["NEW"], removed: ["OLD"], changed: ["TOKEN"] });
  assert.deepEqual(
    files.map(({ from, to }) => [from.path, to.path].map((path) => path.slice(-8))),
    [["41/serve", "42/serve"]],
  );
  const { stdout } = await agent.ostler("why", "web");
  assert.match(stdout, /Its environment is another one: NEW added; OLD removed; TOKEN changed\./);
  assert.match(stdout, /current\/serve was \S+\/41\/serve then, and is \S+\/42\/serve now\./);
  const stored = readFileSync(join(agent.place.data, "settled-runs.json"), "utf8");
  assert.ok(![stored, agent.output, JSON.stringify(await agent.events())].join().includes("hunter"));
});

test("a stop that goes through all its signals to the kill says that work may be lost", async () => {
  await using agent = await TestAgent.start(`
services:
  web:
    command: [sh, ${fixture("ignore-term.sh")}, DIR/up]
    stop: {timeout: 300ms, escalation: [{signal: SIGINT, after: 100ms}]}
`);
  await until(() => existsSync(join(agent.directory, "up")), "it ignores what it is asked");
  assert.equal((await agent.ostler("stop", "web")).code, 0);
  await until(async () => (await told(agent, "service.stopped", "web"))[0], "it is stored");
  const signals = (await told(agent, "service.signalled", "web")).map(({ data }) => data.signal);
  assert.deepEqual(signals, ["SIGTERM", "SIGINT"]);
  assert.equal((await told(agent, "service.killed", "web")).length, 1);
  const { stdout } = await agent.ostler("why", "web");
  assert.match(stdout, /ended by SIGKILL, killed because it had not ended .*; work in progress may be lost/);
  assert.match((await agent.ostler("status", "web")).stdout, /killed after its stop timeout, work may be lost/);
});

test("a crash loop is noticed however late the crashes come, told once, and ends when somebody starts the process", async () => {
  await using agent = await TestAgent.start(`
services:
  late:
    ${crashAfter(0.3, 1)}
    restart: {backoff: {initial: 0s, max: 10m}, crash_loop: {count: 3}}
`);
  await until(async () => (await processOf(agent, "late")).crashLoop, "it is in a crash loop");
  const { phase, crashes } = await processOf(agent, "late");
  assert.deepEqual([phase.name, crashes.length], ["waiting", 3]);
  const looped = await until(async () => (await told(agent, "service.crash-looped", "late"))[0], "it is told");
  assert.equal(looped.severity, "critical");
  assert.match((await agent.ostler("why", "late")).stdout, /crash loop/);
  await agent.ostler("start", "late");
  await until(async () => (await told(agent, "service.exited", "late")).length === 4, "it has crashed again");
  assert.equal((await processOf(agent, "late")).crashLoop, undefined);
  assert.equal((await told(agent, "service.crash-looped", "late")).length, 1);
});

test("a crash loop outlives the agent", async () => {
  await using agent = await TestAgent.start(`
services:
  loop: {${crashAfter(0, 1)}, restart: {backoff: {initial: 0s, max: 1s}, crash_loop: {count: 2}}}
`);
  await until(async () => (await told(agent, "service.crash-looped", "loop")).length > 0, "it is in a crash loop");
  await agent.end("SIGKILL");
  await agent.run();
  const runs = (await told(agent, "service.exited", "loop")).length;
  await until(async () => (await told(agent, "service.exited", "loop")).length > runs, "it has crashed again");
  assert.equal((await told(agent, "service.crash-looped", "loop")).length, 1);
  assert.notEqual((await processOf(agent, "loop")).crashLoop, undefined);
});

test("a process that is to stop in a crash loop stays down until somebody starts it", async () => {
  await using agent = await TestAgent.start(`
services:
  loop: {${crashAfter(0, 1)}, restart: {backoff: {initial: 0s}, crash_loop: {count: 4, then: stop}}}
`);
  await until(async () => (await processOf(agent, "loop")).phase.name === "gave-up", "it is given up");
  const ends = async (): Promise<number> => (await told(agent, "service.exited", "loop")).length;
  await until(async () => (await ends()) === 4, "all its ends are told");
  await agent.ostler("start", "loop");
  await until(async () => (await ends()) === 8, "it had all its chances again");
});

test("a process that has been ready for a while has settled, and its crashes are forgotten", async () => {
  await using agent = await TestAgent.start(`
services:
  web: {command: [sleep, "600"], restart: {backoff: {initial: 0s}, stable_after: 300ms}}
`);
  kill(await agent.pidOf("web"));
  await until(async () => (await processOf(agent, "web")).crashes.length === 1, "it has crashed");
  await until(async () => (await told(agent, "service.settled", "web")).length > 0, "it has settled");
  const { crashes, settled } = await processOf(agent, "web");
  assert.deepEqual([crashes, settled?.run], [[], 2]);
});

test("a crash comes with a dossier, which why shows", async () => {
  await using agent = await TestAgent.start(`
services:
  web: {${crashAfter(0.2, 3, "the disk ate my homework")}, restart: {backoff: {initial: 10m, max: 10m}}}
`);
  const [crash] = await until(async () => {
    const crashes = await told(agent, "service.crashed", "web");
    return crashes.length > 0 ? crashes : undefined;
  }, "it has crashed");
  assert.deepEqual((crash?.data.output as { stderr: string[] }).stderr, ["the disk ate my homework"]);
  const { stdout } = await agent.ostler("why", "web");
  assert.match(stdout, /The last crash: run 1 of main exited with code 3/);
  assert.match(stdout, /Its last lines on stderr:\n {2}the disk ate my homework/);
  assert.match(stdout, /It has never run well/);
});
