import assert from "node:assert/strict";
import { test } from "node:test";
import type { CheckState } from "@ostler/protocol";
import { serviceConfig } from "../../config/services.js";
import { configured, exited, recordingBus, started } from "../../testing/bus.js";
import { FakeClock } from "../../testing/fake-clock.js";
import { serveHttp } from "../../testing/servers.js";
import { until } from "../../testing/until.js";
import { Checks, type ChecksDeps, type Services } from "./checks.js";

/** Hands that find nothing, for checks that look at nothing but their servers. */
const idleHands: Omit<ChecksDeps, "publish" | "sample" | "clock" | "state"> = {
  random: () => 0.5,
  pidsOf: () => [],
  usageOf: () => undefined,
  look: () => ({ is: "absent", reason: "nothing is measured here" }),
  spools: "/nonexistent",
};

/** Services with one check `up` each, against a real server that counts how often each was asked. */
async function host(...names: string[]) {
  const asked: Record<string, number> = Object.fromEntries(names.map((name) => [name, 0]));
  const server = await serveHttp(({ url = "" }, response) => {
    const name = url.slice(1);
    asked[name] = (asked[name] ?? 0) + 1;
    response.end();
  });
  const service = (name: string, more: object = {}): Services[string] =>
    serviceConfig.parse({
      processes: { main: { command: ["x"] }, side: { command: ["y"] } },
      checks: [{ name: "up", kind: "http", url: `${server.url}/${name}`, every: "10s", ...more }],
    });
  const services = Object.fromEntries(names.map((name) => [name, service(name)]));
  const clock = new FakeClock();
  const { bus, types } = recordingBus(clock);
  for (const name of names) bus.publish(configured(name, ["up"], ["main", "side"]));
  const checks = new Checks(services, {
    ...idleHands,
    publish: bus.publish,
    sample: bus.sample,
    clock,
    state: () => bus.state,
    pidsOf: () => [process.pid],
  });
  bus.subscribe("checks", checks.follow);
  const soon = (look: () => boolean, what: string): Promise<boolean> => until(() => clock.pass(0).then(look), what);
  const up = (name: string): CheckState["status"] | undefined => bus.state.services[name]?.checks.up?.status;
  return {
    bus,
    clock,
    checks,
    asked,
    service,
    services,
    types,
    /** Waits, in real time, until something is true; what is due at once happens. */
    soon,
    /** The check has passed and rests. */
    passed: (name: string) => soon(() => up(name) === "passed" && clock.waiting > 0, `${name} passes`),
    up,
    [Symbol.asyncDispose]: async () => {
      await checks[Symbol.asyncDispose]();
      assert.equal(clock.waiting, 0, "no timer is left");
      await server[Symbol.asyncDispose]();
    },
  };
}

test("a check begins when its service starts, and not before", async () => {
  await using web = await host("web");
  await web.clock.pass(60_000);
  assert.equal(web.asked.web, 0);
  web.bus.publish(started("web"));
  await web.passed("web");
  assert.equal(web.asked.web, 1);
});

test("a check stops when nothing of its service runs any more", async () => {
  await using web = await host("web");
  web.bus.publish(started("web"));
  await web.passed("web");
  web.bus.publish(exited("web"));
  await web.clock.pass(60_000);
  assert.equal(web.asked.web, 1);
  assert.equal(web.clock.waiting, 0);
});

test("a check goes on while one process of its service still runs", async () => {
  await using web = await host("web");
  web.bus.publish(started("web"));
  web.bus.publish(started("web", "side"));
  await web.passed("web");
  web.bus.publish(exited("web", "side"));
  const before = web.asked.web ?? 0;
  await web.clock.pass(10_000);
  await web.soon(() => (web.asked.web ?? 0) > before, "it is asked again");
});

test("every start makes a check prove itself anew", async () => {
  await using web = await host("web");
  const restarted = { service: "web", process: "main", run: 2, pid: 4243, startTicks: 2 };
  web.bus.publish(started("web"));
  await web.passed("web");
  web.bus.publish({ type: "service.restarted", data: { ...restarted, attempt: 1, because: "it ended" } });
  assert.equal(web.up("web"), "pending");
  await web.passed("web");
  web.bus.publish({ type: "service.adopted", data: { ...restarted, uptimeMs: 1000 } });
  await web.passed("web");
  assert.equal(web.types().filter((type) => type === "check.passed").length, 3);
});

test("a service that already runs when the agent begins is checked at once", async () => {
  await using first = await host("web");
  first.bus.publish(started("web"));
  await first.passed("web");
  await first.checks[Symbol.asyncDispose]();
  const { bus, clock, services } = first;
  await using again = new Checks(services, {
    ...idleHands,
    publish: bus.publish,
    sample: bus.sample,
    clock,
    state: () => bus.state,
  });
  assert.ok(again);
  await first.soon(() => first.asked.web === 2, "it is asked again");
});

test("a reload touches only the checks that it changes", async () => {
  await using both = await host("changed", "kept");
  both.bus.publish(started("changed"));
  both.bus.publish(started("kept"));
  await both.passed("changed");
  await both.passed("kept");
  await both.clock.pass(5000);
  both.checks.reconfigure({ ...both.services, changed: both.service("changed", { every: "1s" }) });
  await both.soon(() => both.asked.changed === 2, "the changed check asks at once");
  await both.soon(() => both.clock.waiting === 2, "both rest");
  await both.clock.pass(1000);
  await both.soon(() => both.asked.changed === 3, "the new interval holds");
  assert.equal(both.asked.kept, 1);
});

test("a reload that gives a running service its first check begins it", async () => {
  await using web = await host("web");
  const { web: config } = web.services;
  web.checks.reconfigure({ web: { ...(config ?? assert.fail()), checks: [] } });
  web.bus.publish(started("web"));
  await web.clock.pass(60_000);
  assert.equal(web.asked.web, 0);
  web.checks.reconfigure(web.services);
  await web.passed("web");
});

test("a reload begins no check of a service that does not run", async () => {
  await using web = await host("web");
  web.checks.reconfigure({ web: web.service("web", { every: "1s" }) });
  await web.clock.pass(60_000);
  assert.equal(web.asked.web, 0);
});

test("a service that is removed is checked no more", async () => {
  await using web = await host("web");
  web.bus.publish(started("web"));
  await web.passed("web");
  web.bus.publish({ type: "service.removed", data: { service: "web" } });
  assert.equal(web.clock.waiting, 0);
});

test("a service that declares sockets gets a check that they are its own", async () => {
  await using web = await host("web");
  await using server = await serveHttp((_, response) => response.end());
  const listens = [`tcp:${server.port}`];
  web.checks.reconfigure({ web: serviceConfig.parse({ command: ["x"], listens }) });
  web.bus.publish(configured("web", ["main:listens"]));
  web.bus.publish(started("web"));
  await web.soon(() => web.bus.state.services.web?.checks["main:listens"]?.status === "passed", "it passes");
});

/** A service of a server, its worker in two instances, and a job that runs now and then. */
async function shop() {
  const asked = new Set<string>();
  const server = await serveHttp(({ url = "" }, response) => {
    asked.add(url.slice(1));
    response.end();
  });
  const check = (name: string, process?: string, role = "readiness"): object => ({
    name,
    role,
    kind: "http",
    url: `${server.url}/${name}`,
    every: "10s",
    ...(process === undefined ? {} : { process }),
  });
  const config = serviceConfig.parse({
    processes: {
      main: { command: ["x"] },
      worker: { command: ["y"], instances: 2 },
      job: { command: ["z"], cron: "@daily" },
    },
    checks: [check("whole"), check("work", "worker"), check("own", "job", "liveness")],
  });
  const clock = new FakeClock();
  const { bus } = recordingBus(clock);
  bus.publish({
    type: "service.configured",
    data: {
      service: "shop",
      processes: ["main", "worker@1", "worker@2", "job"],
      types: { job: "scheduled" },
      checks: [],
    },
  });
  const checks = new Checks(
    { shop: config },
    { ...idleHands, publish: bus.publish, sample: bus.sample, clock, state: () => bus.state },
  );
  bus.subscribe("checks", checks.follow);
  return {
    bus,
    clock,
    /** Which checks have been asked since the last time. */
    begun: async (count: number): Promise<string[]> => {
      const names = await until(
        () => clock.pass(0).then(() => (asked.size === count ? [...asked].sort() : undefined)),
        `${count} checks are asked; now ${[...asked].join()}`,
      );
      asked.clear();
      return names;
    },
    [Symbol.asyncDispose]: async () => {
      await checks[Symbol.asyncDispose]();
      assert.equal(clock.waiting, 0, "no timer is left");
      await server[Symbol.asyncDispose]();
    },
  };
}

test("a start concerns the checks about its process, and those about the service only when it is a daemon's", async () => {
  await using it = await shop();
  it.bus.publish(started("shop", "main"));
  assert.deepEqual(await it.begun(1), ["whole"]);
  it.bus.publish(started("shop", "job"));
  assert.deepEqual(await it.begun(1), ["own"]);
  it.bus.publish(started("shop", "worker@2"));
  assert.deepEqual(await it.begun(2), ["whole", "work"]);
});

test("a check about a process ends with it, and one about several with the last", async () => {
  await using it = await shop();
  for (const process of ["main", "worker@1", "worker@2", "job"]) it.bus.publish(started("shop", process));
  await it.begun(3);
  it.bus.publish(exited("shop", "job"));
  it.bus.publish(exited("shop", "worker@1"));
  await it.clock.pass(10_000);
  assert.deepEqual(await it.begun(2), ["whole", "work"]);
  it.bus.publish(exited("shop", "worker@2"));
  await it.clock.pass(10_000);
  assert.deepEqual(await it.begun(1), ["whole"]);
});

/** A service with a startup check and two others, each answered by a server with what `answers` says. */
async function slowStarter() {
  const answers: Record<string, number> = { started: 503, live: 500, up: 200 };
  const asked: string[] = [];
  const server = await serveHttp(({ url = "" }, response) => {
    asked.push(url.slice(1));
    response.writeHead(answers[url.slice(1)] ?? 404).end();
  });
  const check = (name: string, role: string): object => ({
    ...{ name, role, kind: "http", url: `${server.url}/${name}`, every: "1s", failures: 3 },
  });
  const checks = [check("started", "startup"), check("live", "liveness"), check("up", "readiness")];
  const config = serviceConfig.parse({ command: ["x"], checks });
  const clock = new FakeClock();
  const { bus, types } = recordingBus(clock);
  bus.publish({
    type: "service.configured",
    data: {
      service: "web",
      processes: ["main"],
      checks: [
        { name: "started", role: "startup" },
        { name: "live", role: "liveness" },
        { name: "up", role: "readiness" },
      ],
    },
  });
  const all = new Checks(
    { web: config },
    { ...idleHands, publish: bus.publish, sample: bus.sample, clock, state: () => bus.state },
  );
  bus.subscribe("checks", all.follow);
  return {
    ...{ answers, asked, bus, clock, types },
    status: (name: string) => bus.state.services.web?.checks[name]?.status,
    /** The configuration comes with another interval. */
    reload: () => all.reconfigure({ web: { ...config, checks: config.checks.map((one) => ({ ...one, every: 500 })) } }),
    /** Lets time go by, in steps, until something is true. */
    later: (look: () => boolean, what: string) => until(() => clock.pass(100).then(look), what),
    [Symbol.asyncDispose]: async () => {
      await all[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

test("until the startup check has passed nothing else is asked, and then that is asked no more", async () => {
  await using web = await slowStarter();
  web.bus.publish(started("web"));
  await web.later(() => web.asked.length >= 2, "the startup check is asked");
  assert.deepEqual([...new Set(web.asked)], ["started"]);
  web.answers.started = 200;
  await web.later(() => web.status("live") === "failed" && web.status("up") === "passed", "the others are judged");
  const before = web.asked.filter((name) => name === "started").length;
  await web.later(() => web.asked.length > 20, "the others go on");
  assert.equal(web.asked.filter((name) => name === "started").length, before);
});

test("a startup check that fails for too long has failed, and a new start gives it another try", async () => {
  await using web = await slowStarter();
  web.bus.publish(started("web"));
  await web.later(() => web.status("started") === "failed", "it fails");
  assert.deepEqual([...new Set(web.asked)], ["started"]);
  web.bus.publish({
    type: "service.restarted",
    data: { ...{ service: "web", process: "main", run: 2, pid: 4243, startTicks: 2 }, attempt: 1, because: "it ended" },
  });
  assert.equal(web.status("started"), "pending");
  web.answers.started = 200;
  await web.later(() => web.status("up") === "passed", "it starts after all");
});

test("who has started has started: neither another agent nor a reload asks that again before the next start", async () => {
  await using web = await slowStarter();
  web.answers.started = 200;
  web.bus.publish(started("web"));
  await web.later(() => web.status("up") === "passed", "it has started");
  web.answers.started = 503;
  const asked = (): number => web.asked.filter((name) => name === "started").length;
  const before = asked();
  web.bus.publish({
    type: "service.adopted",
    data: { service: "web", process: "main", run: 1, pid: 4242, startTicks: 1, uptimeMs: 60_000 },
  });
  web.reload();
  await web.later(() => web.status("up") === "passed", "the others pass again");
  assert.deepEqual([web.status("started"), asked()], ["passed", before]);
  const next = { service: "web", process: "main", run: 2, pid: 4243, startTicks: 2 };
  web.bus.publish({ type: "service.restarted", data: { ...next, attempt: 1, because: "it ended" } });
  await web.later(() => asked() > before, "after the next start it is asked");
});

test("what a service has said stays said when another process of it starts", async () => {
  await using web = await host("web");
  const checks = [{ name: "up", kind: "push", process: "main", within: "60s", every: "10s", failures: 1 }];
  const processes = { main: { command: ["x"] }, side: { command: ["y"] } };
  web.checks.reconfigure({ web: serviceConfig.parse({ processes, checks }) });
  const up = { name: "up", role: "readiness" as const, process: "main" };
  web.bus.publish({ type: "service.configured", data: { service: "web", processes: ["main", "side"], checks: [up] } });
  web.bus.publish(started("web"));
  web.checks.push({ service: "web", check: "up", status: "passed", reason: "" });
  await web.passed("web");
  await web.clock.pass(50_000);
  web.checks.push({ service: "web", check: "up", status: "passed", reason: "" });
  web.bus.publish(started("web", "side"));
  await web.clock.pass(40_000);
  assert.equal(web.up("web"), "passed");
  assert.ok(!web.types().includes("check.failed"));
});

test("a check can be asked at any time, which changes nothing", async () => {
  await using web = await slowStarter();
  const { bus } = web;
  const before = bus.state.seq;
  await using checks = new Checks(
    {
      web: serviceConfig.parse({
        command: ["x"],
        checks: [
          { name: "always", kind: "exec", command: ["true"] },
          { name: "seen", kind: "output", newer_than: "1s", process: "main" },
        ],
      }),
    },
    { ...idleHands, publish: bus.publish, sample: bus.sample, clock: web.clock, state: () => bus.state },
  );
  const signal = AbortSignal.timeout(10_000);
  assert.equal((await checks.run("web", "always", signal)).ok, true);
  assert.equal(bus.state.seq, before);
  await assert.rejects(checks.run("web", "seen", signal), { code: "wrong-state" }, "it has seen nothing yet");
  await assert.rejects(checks.run("web", "nope", signal), { code: "not-found" });
  await assert.rejects(checks.run("nope", "always", signal), { code: "not-found" });
});

test("a push is taken for a check of that kind alone, and with its secret where it has one", async () => {
  await using web = await host("web");
  const secret = "a secret of some length";
  const checks = [
    { name: "open", kind: "push", within: "1m" },
    { name: "closed", kind: "push", within: "1m", secret },
    { name: "up", kind: "exec", command: ["true"] },
  ];
  web.checks.reconfigure({ web: serviceConfig.parse({ command: ["x"], checks }) });
  const push =
    (check: string, more: object = {}) =>
    () =>
      web.checks.push({ service: "web", check, status: "passed", reason: "", ...more });
  assert.doesNotThrow(push("open"));
  assert.doesNotThrow(push("closed", { secret }));
  assert.throws(push("closed"), { code: "not-permitted" });
  assert.throws(push("closed", { secret: `${secret}!` }), { code: "not-permitted" });
  assert.throws(push("up"), { code: "not-found" });
  assert.throws(push("open", { service: "nope" }), { code: "not-found" });
});
