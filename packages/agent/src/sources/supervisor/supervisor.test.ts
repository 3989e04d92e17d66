import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { initialState, isHostEvent, OstlerError, type HostEvent, type HostState } from "@ostler/protocol";
import { serviceConfig, type ServiceConfig } from "../../config/services.js";
import { Bus } from "../../core/bus.js";
import { systemClock } from "../../core/clock.js";
import { Pulse } from "../../core/pulse.js";
import { allProcesses, bootId, readProc, statOf } from "../../platform/proc.js";
import { marksLeft } from "../../platform/tree.js";
import { markedRun } from "../../testing/marked-run.js";
import { until } from "../../testing/until.js";
import type { Services } from "./spec.js";
import { Supervisor } from "./supervisor.js";

/** Of nobody else: a supervisor ends what carries the marks of its agent. */
const agentId = `supervisor-test-${process.pid}`;

const never = new AbortController().signal;

/** Zombies are dead: who collects them is the business of pid 1. */
function lives(pid: number): boolean {
  return statOf(pid)?.ended === false;
}

/** A place where one agent after another can supervise; disposing it ends whatever they left running. */
class Host implements AsyncDisposable {
  readonly directory = mkdtempSync(join(tmpdir(), "ostler-supervisor-"));
  readonly events: HostEvent[] = [];
  bus = this.#newBus(initialState("e"));
  supervisor: Supervisor | undefined;

  /** A new agent begins; the one before has let go, or was killed. */
  begin(
    services: Services,
    {
      random = () => 0.01,
      isolated = [],
      held = new Set(),
    }: { random?: () => number; isolated?: string[]; held?: Set<string> } = {},
  ): Supervisor {
    this.supervisor?.[Symbol.dispose]();
    const previous = this.bus.state;
    this.bus = this.#newBus(previous);
    this.bus.publish({
      type: "agent.started",
      data: { agentId, name: "a", version: "0", node: "", pid: 1, session: "s", bootId: bootId(), labels: {} },
    });
    this.supervisor = Supervisor.start(services, {
      publish: this.bus.publish,
      clock: systemClock,
      random,
      env: process.env,
      agentId,
      runDir: this.directory,
      spools: join(this.directory, "output"),
      previous,
      runsLeft: marksLeft(agentId).runs,
      state: () => this.bus.state,
      nextRunMs: () => undefined,
      pulse: new Pulse(systemClock),
      subscribe: (follow) => this.bus.subscribe("supervisor", follow),
      secrets: () => [],
      heldMs: (service) => (held.has(service) ? 60_000 : undefined),
      isIsolated: (service) => isolated.includes(service),
      unfit: () => undefined,
      degraded: (reason) => this.bus.publish({ type: "agent.degraded", data: { part: "supervisor", reason } }),
      attached: {
        degraded: (part, reason) => this.bus.publish({ type: "agent.degraded", data: { part, reason } }),
        recovered: (part) => this.bus.publish({ type: "agent.recovered", data: { part } }),
      },
    });
    return this.supervisor;
  }

  get state(): HostState {
    return this.bus.state;
  }

  phase(service: string, process = "main"): string {
    return this.state.services[service]?.processes[process]?.phase.name ?? "";
  }

  async pidOf(service: string, process = "main"): Promise<number> {
    const phase = await until(() => {
      const its = this.state.services[service]?.processes[process]?.phase;
      return its?.name === "running" ? its : undefined;
    });
    return phase.pid;
  }

  /** Types of the events of the services, without `service.`. */
  story(): string[] {
    return this.events.flatMap(({ type }) => (type.startsWith("service.") ? [type.slice(8)] : []));
  }

  happened(type: string): Promise<HostEvent> {
    return until(() => this.events.findLast((event) => event.type === type), `${type} happens`);
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  /** Names of the records that begin like this. */
  recorded(prefix: string): string[] {
    return readdirSync(this.path(join("runs", bootId()))).filter((name) => name.startsWith(prefix));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.supervisor?.[Symbol.dispose]();
    await until(() => {
      const left = this.#runs();
      for (const pid of left) endGroup(pid);
      return left.length === 0 && !this.#hasKeeper();
    });
    rmSync(this.directory, { recursive: true });
  }

  /** A keeper leaves its last record after the end of its run. */
  #hasKeeper(): boolean {
    return allProcesses().some(({ pid }) =>
      readProc(`${pid}/cmdline`)?.includes(`\0ostler-keeper\0${this.directory}/`),
    );
  }

  /** First processes of all runs that still live. */
  #runs(): number[] {
    const names = readdirSync(this.directory, { recursive: true }).map(String);
    return names.flatMap((name) => {
      const [, pid, ticks] = /\.started\.(\d+)\.(\d+)$/.exec(name) ?? [];
      const stat = pid === undefined ? undefined : statOf(Number(pid));
      return stat?.startTicks === Number(ticks) && !stat.ended ? [stat.pid] : [];
    });
  }

  #newBus(state: HostState): Bus {
    const bus = new Bus({ state, agentId, clock: systemClock });
    bus.subscribe("test", ({ event }) => {
      if (isHostEvent(event)) this.events.push(event);
    });
    return bus;
  }
}

function endGroup(pid: number): void {
  for (const target of [-pid, pid])
    try {
      process.kill(target, "SIGKILL");
    } catch {
      continue; // Gone already.
    }
}

function service(...command: string[]): ServiceConfig {
  return serviceConfig.parse({ command, cwd: "/", restart: { backoff: { initial: "1s" } } });
}

function shell(script: string, more: object = {}): ServiceConfig {
  return serviceConfig.parse({ command: ["/bin/sh", "-c", script], cwd: "/", ...more });
}

const sleeper = service("/bin/sleep", "600");

test("a service is configured, then started", async () => {
  await using host = new Host();
  host.begin({ web: sleeper });
  await host.pidOf("web");
  assert.deepEqual(host.story(), ["configured", "started"]);
});

test("a killed process comes back as another run, and the story tells why", async () => {
  await using host = new Host();
  host.begin({ web: sleeper });
  process.kill(await host.pidOf("web"), "SIGKILL");
  const restarted = await host.happened("service.restarted");
  assert.deepEqual(host.story(), ["configured", "started", "exited", "delayed", "restarted"]);
  assert.ok(restarted.type === "service.restarted" && restarted.data.because === "it ended by SIGKILL");
});

test("a stopped process is gone, and stays so for the next agent", async () => {
  await using host = new Host();
  const pid = await begun(host, { web: sleeper });
  await host.supervisor?.stop("web", undefined, never);
  assert.equal(lives(pid), false);
  host.begin({ web: sleeper });
  assert.equal(host.phase("web"), "stopped");
  await host.supervisor?.start("web", undefined, never);
  assert.equal(host.phase("web"), "running");
});

test("what was being stopped when its agent was killed, and ended while none was there, is stopped, and not begun once more", async () => {
  await using host = new Host();
  // It ends when it is let, and leaves a child that has to be asked to.
  const slow = `trap 'until [ -e ${host.path("go")} ]; do sleep 0.01; done; exit 0' TERM; setsid sleep 600 & echo $! >${host.path("child")}; while :; do sleep 0.01; done`;
  const web = shell(slow, { restart: { backoff: { initial: "0s" } } });
  const pid = await begun(host, { web });
  const child = Number(await until(() => existsSync(host.path("child")) && readFileSync(host.path("child"), "utf8")));
  void host.supervisor?.stop("web", undefined, never).catch(() => undefined);
  host.supervisor?.[Symbol.dispose]();
  writeFileSync(host.path("go"), "");
  await until(() => !lives(pid));
  host.begin({ web }, { random: () => 0 });
  const stopped = await host.happened("service.stopped");
  assert.ok(stopped.type === "service.stopped" && host.phase("web") === "stopped");
  assert.equal(lives(child), false);
  assert.deepEqual(host.recorded("web.main.2."), []);
  assert.deepEqual(host.story().slice(-2), ["exited", "stopped"]);
  const exited = await host.happened("service.exited");
  assert.ok(exited.type === "service.exited" && exited.data.expected && exited.data.run === 1);
});

test("an isolated service is not started, also where nothing is recorded of its stop", async () => {
  await using host = new Host();
  host.begin({ web: sleeper, db: sleeper }, { isolated: ["web"] });
  await host.pidOf("db");
  assert.equal(host.phase("web"), "stopped");
  await host.supervisor?.reconfigure({ web: sleeper, db: sleeper, more: sleeper }, () => true, never);
  await host.pidOf("more");
  assert.equal(host.phase("web"), "stopped");
});

test("while it is held a process that ends waits, and so does one that is found ended; a person may start it", async () => {
  await using host = new Host();
  const held = new Set(["web"]);
  host.begin({ web: sleeper, db: sleeper }, { held });
  await host.pidOf("db");
  assert.equal(host.phase("web"), "waiting");
  await host.supervisor?.start("web", undefined, never);
  process.kill(await host.pidOf("web"), "SIGKILL");
  await until(() => host.phase("web") === "waiting");
  host.begin({ web: sleeper, db: sleeper }, { held });
  await until(() => host.events.some(({ type }) => type === "service.adopted"));
  assert.equal(host.phase("web"), "waiting");
  host.supervisor?.endHold("web");
  assert.equal(host.phase("web"), "waiting");
  held.clear();
  host.supervisor?.endHold("web");
  await host.pidOf("web");
});

test("an isolated service that runs all the same is stopped by the next agent", async () => {
  await using host = new Host();
  const pid = await begun(host, { web: sleeper });
  host.begin({ web: sleeper }, { isolated: ["web"] });
  await until(() => host.phase("web") === "stopped");
  assert.equal(lives(pid), false);
});

test("the next agent adopts what runs, untouched", async () => {
  await using host = new Host();
  const pid = await begun(host, { web: sleeper });
  host.begin({ web: sleeper });
  assert.equal(await host.pidOf("web"), pid);
  assert.deepEqual(host.story(), ["configured", "started", "adopted"]);
});

test("what is left of earlier runs, because their agent was killed, is ended before anything is started", async () => {
  await using host = new Host();
  using left = markedRun("trap '' TERM; while :; do sleep 1; done", `${agentId}/web/main/1`);
  host.begin({ web: shell("exec sleep 600", { stop: { timeout: "200ms" } }) });
  let wasAlone = true;
  host.bus.subscribe("order", ({ event }) => {
    if (event.type === "service.started") wasAlone = !lives(left.identity.pid);
  });
  await host.pidOf("web");
  assert.ok(wasAlone);
  await host.happened("service.killed");
});

test("what is left of earlier runs is ended beside the run that is adopted", async () => {
  await using host = new Host();
  const pid = await begun(host, { web: sleeper });
  using left = markedRun("sleep 600", `${agentId}/web/main/0`);
  host.begin({ web: sleeper });
  await until(() => !lives(left.identity.pid));
  assert.equal(await host.pidOf("web"), pid);
});

test("an adopted process that ends has its exit status told", async () => {
  await using host = new Host();
  const pid = await begun(host, { web: sleeper });
  host.begin({ web: sleeper });
  process.kill(pid, "SIGKILL");
  const exited = await host.happened("service.exited");
  assert.deepEqual(exited.type === "service.exited" && exited.data.exit, {
    kind: "signal",
    signal: "SIGKILL",
    core: false,
  });
});

test("what ended while no agent was there is told by the next one, which starts it again", async () => {
  await using host = new Host();
  const pid = await begun(host, { web: sleeper });
  host.supervisor?.[Symbol.dispose]();
  process.kill(pid, "SIGKILL");
  await until(() => readdirSync(host.directory, { recursive: true }).some((name) => String(name).includes(".exited.")));
  host.begin({ web: sleeper });
  await host.happened("service.restarted");
  const exited = host.events.find((event) => event.type === "service.exited");
  assert.ok(exited?.type === "service.exited" && exited.data.whileAway);
  assert.deepEqual(exited.data.exit, { kind: "signal", signal: "SIGKILL", core: false });
});

test("when its keeper is killed the process is watched all the same", async () => {
  await using host = new Host();
  const pid = await begun(host, { web: sleeper });
  process.kill(statOf(pid)?.parent ?? 0, "SIGKILL");
  process.kill(pid, "SIGKILL");
  const exited = await host.happened("service.exited");
  assert.equal(exited.type === "service.exited" && exited.data.exit.kind, "unknown");
  await host.happened("service.restarted");
});

test("a recycled pid is nobody's process", async () => {
  await using host = new Host();
  host.begin({});
  const stranger = process.pid;
  const records = join(host.directory, "runs", bootId());
  for (const name of ["claimed", `started.${stranger}.1`]) writeFileSync(join(records, `web.main.1.${name}`), "");
  host.begin({ web: sleeper });
  assert.notEqual(await host.pidOf("web"), stranger);
  const exited = await host.happened("service.exited");
  assert.ok(exited.type === "service.exited");
  assert.deepEqual([exited.data.pid, exited.data.whileAway], [stranger, false]);
});

test("a program that does not exist, is a directory, or is not executable is named, and tried again", async () => {
  await using host = new Host();
  writeFileSync(host.path("plain"), "");
  const tried = (program: string): ServiceConfig =>
    serviceConfig.parse({ command: [program], cwd: "/", restart: { backoff: { initial: "10ms", max: "20ms" } } });
  host.begin({
    none: tried("/does/not/exist"),
    dir: tried("/tmp"),
    plain: tried(host.path("plain")),
    bare: tried("no-such-program"),
  });
  const reasons = host.events.flatMap((event) => (event.type === "service.start-failed" ? [event.data.reason] : []));
  assert.match(
    reasons.join("\n"),
    /\/does\/not\/exist does not exist[^]*\/tmp is a directory[^]*plain is not executable[^]*"no-such-program" is not in PATH/,
  );
  await until(() => host.events.filter(({ type }) => type === "service.start-failed").length >= 8);
});

test("a start that fails says why to whoever asked for it", async () => {
  await using host = new Host();
  const supervisor = host.begin({ none: service("/does/not/exist") });
  const asked = supervisor.start("none", undefined, never);
  await assert.rejects(
    asked,
    (failure) => failure instanceof OstlerError && failure.message.includes("/does/not/exist does not exist"),
  );
});

test("a process that ignores its stop signal is asked by the next one, and each is told", async () => {
  await using host = new Host();
  const stubborn = shell(
    `trap '' TERM; trap 'echo > ${host.path("asked")}; exit 0' INT; echo > ${host.path("up")}; while :; do sleep 0.05; done`,
    { stop: { timeout: "20s", escalation: [{ signal: "SIGINT", after: "50ms" }] } },
  );
  await begun(host, { stubborn });
  await until(() => existsSync(host.path("up")));
  const since = host.story().length;
  await host.supervisor?.stop("stubborn", undefined, never);
  assert.deepEqual(host.story().slice(since), ["signalled", "signalled", "exited", "stopped"]);
  assert.ok(existsSync(host.path("asked")));
  const signals = host.events.flatMap((event) => (event.type === "service.signalled" ? [event.data.signal] : []));
  assert.deepEqual(signals, ["SIGTERM", "SIGINT"]);
});

test("a process that ignores its stop signal is killed after its timeout", async () => {
  await using host = new Host();
  const stubborn = shell(`trap '' TERM; echo > ${host.path("up")}; while :; do sleep 1; done`, {
    stop: { timeout: "200ms" },
  });
  const pid = await begun(host, { web: stubborn });
  await until(() => existsSync(host.path("up")));
  await host.supervisor?.stop("web", undefined, never);
  const killed = await host.happened("service.killed");
  assert.ok(killed.type === "service.killed" && killed.data.pids.includes(pid) && killed.data.survivors.length === 0);
});

test("nobody of a process tree is left after a stop, wherever it hides", async () => {
  await using host = new Host();
  const forks = `sleep 601 & setsid sleep 602 & (setsid sh -c 'sleep 603 & echo $! > ${host.path("deep")}; wait' &) ; wait`;
  await begun(host, { web: shell(forks, { stop: { timeout: "300ms" } }) });
  await until(() => existsSync(host.path("deep")));
  const pids = await until(() => {
    const tree = host.supervisor?.pidsOf({ service: "web", process: "main" }) ?? [];
    return tree.length >= 5 ? tree : undefined;
  });
  await host.supervisor?.stop("web", undefined, never);
  assert.deepEqual(pids.filter(lives), []);
});

test("a cure that comes too late does not start what somebody has stopped meanwhile", async () => {
  await using host = new Host();
  await begun(host, { web: sleeper });
  await host.supervisor?.stop("web", undefined, never);
  const cure = { because: "it was unhealthy", backOff: true };
  for (const process of [undefined, "main"]) await host.supervisor?.restart("web", process, cure, never);
  assert.equal(host.phase("web"), "stopped");
  assert.equal(host.story().at(-1), "stopped");
});

test("children that outlive a crashed process are ended before the next run begins", async () => {
  await using host = new Host();
  const script = `sleep 600 & echo $! >> ${host.path("children")}; wait`;
  const pid = await begun(host, { web: shell(script, { restart: { backoff: { initial: "0s" } } }) });
  const children = (): string => (existsSync(host.path("children")) ? readFileSync(host.path("children"), "utf8") : "");
  const [first] = await until(() => /^\d+(?=\n)/.exec(children()) ?? undefined, "its child is told");
  process.kill(pid, "SIGKILL");
  await host.happened("service.restarted");
  assert.equal(lives(Number(first)), false);
});

test("an agent that leaves in the middle of a stop has its wish fulfilled by the next one", async () => {
  await using host = new Host();
  const slow = shell(`trap 'sleep 0.3; exit 0' TERM; echo > ${host.path("up")}; while :; do sleep 0.05; done`);
  const pid = await begun(host, { web: slow });
  await until(() => existsSync(host.path("up")));
  const stopping = host.supervisor?.stop("web", undefined, never);
  host.supervisor?.[Symbol.dispose]();
  await assert.rejects(stopping ?? Promise.resolve());
  host.begin({ web: slow });
  await until(() => !lives(pid));
  await until(() => host.phase("web") === "stopped");
});

test("a process that leaves the configuration is stopped, also one that ran before the agent came", async () => {
  await using host = new Host();
  const first = await begun(host, { old: sleeper, web: sleeper }, "old");
  const supervisor = host.supervisor;
  await supervisor?.reconfigure({ web: sleeper }, () => false, never);
  assert.equal(lives(first), false);
  const web = await host.pidOf("web");
  host.begin({});
  await until(() => !lives(web));
  await until(() => host.story().filter((type) => type === "removed").length === 2);
});

test("a changed process restarts, and the others are not touched", async () => {
  await using host = new Host();
  const services = { a: sleeper, b: sleeper };
  const a = await begun(host, services, "a");
  const b = await host.pidOf("b");
  const changed = { a: service("/bin/sleep", "601"), b: sleeper, c: sleeper };
  await host.supervisor?.reconfigure(changed, ({ service }) => service === "a", never);
  await host.pidOf("c");
  assert.notEqual(await host.pidOf("a"), a);
  assert.equal(await host.pidOf("b"), b);
});

test("a service may have several processes, each under a keeper of its own", async () => {
  await using host = new Host();
  const two = serviceConfig.parse({
    processes: { api: { command: ["sleep", "600"], cwd: "/" }, worker: { command: ["sleep", "601"], cwd: "/" } },
  });
  host.begin({ shop: two });
  const [api, worker] = [await host.pidOf("shop", "api"), await host.pidOf("shop", "worker")];
  await host.supervisor?.restart("shop", "api", { because: "asked", backOff: false }, never);
  assert.notEqual(await host.pidOf("shop", "api"), api);
  assert.equal(await host.pidOf("shop", "worker"), worker);
});

test("a service inherits little, and nothing that the agent keeps secret", async () => {
  await using host = new Host();
  process.env.OSTLER_TEST_SECRET = "hush";
  host.begin({
    web: shell(`env > ${host.path("env.new")}; mv ${host.path("env.new")} ${host.path("env")}; sleep 600`, {
      env: { GREETING: "hello", N: 3 },
    }),
  });
  const env = await until(() => (existsSync(host.path("env")) ? readFileSync(host.path("env"), "utf8") : undefined));
  delete process.env.OSTLER_TEST_SECRET;
  assert.match(env, /^GREETING=hello$/m);
  assert.match(env, /^N=3$/m);
  assert.match(env, new RegExp(`^OSTLER_RUN=${agentId}/web/main/1$`, "m"));
  assert.doesNotMatch(env, /hush/);
});

test("a service that closes its output, or writes a line that never ends, troubles nobody", async () => {
  await using host = new Host();
  host.begin({
    closed: shell("exec >&- 2>&-; sleep 600"),
    long: shell(`head -c 67108864 /dev/zero | tr '\\0' x; echo > ${host.path("written")}; sleep 600`),
  });
  await host.pidOf("closed");
  await until(() => existsSync(host.path("written")));
  assert.equal(host.phase("long"), "running");
});

test("an unknown service is named together with those that are known", async () => {
  await using host = new Host();
  const supervisor = host.begin({ web: sleeper });
  await assert.rejects(supervisor.start("wbe", undefined, never), /There is no service "wbe" here\. Known: web\./);
  await assert.rejects(
    supervisor.start("web", "other", never),
    /There is no process of web "other" here\. Known: main\./,
  );
});

async function begun(host: Host, services: Services, name = Object.keys(services)[0] ?? ""): Promise<number> {
  host.begin(services);
  return host.pidOf(name);
}
