import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { arbitraryEvent, arbitraryJson } from "./arbitrary.js";
import { decodeEnvelope, envelopeOf, eventOf, type ForeignEvent } from "./envelope.js";
import type { CheckRole, Exit } from "./events/service.js";
import type { HostEvent } from "./events/index.js";
import { fold } from "./fold.js";
import { hashOf } from "./hash.js";
import { applyPatch, diff } from "./patch.js";
import { hostState, initialState, maxCommandData, maxCommands, type HostState, type ProcessState } from "./state.js";

const epoch = "e1";
/** Events come a second apart. */
const timeOf = (seq: number): string => new Date(Date.UTC(2026, 0, 1) + seq * 1000).toISOString();

function next(state: HostState, event: HostEvent | ForeignEvent): HostState {
  const seq = state.seq + 1;
  return fold(state, event, { epoch, seq, time: timeOf(seq) });
}

/** The state after each event, from the empty state on. */
function states(...events: (HostEvent | ForeignEvent)[]): HostState[] {
  let state = initialState(epoch);
  return events.map((event) => (state = next(state, event)));
}

function walk(...events: (HostEvent | ForeignEvent)[]): HostState {
  return states(...events).at(-1) ?? initialState(epoch);
}

/** What the state says after each event. */
function tell(say: (state: HostState) => string | undefined, events: (HostEvent | ForeignEvent)[]): string {
  return states(...events)
    .map((state) => say(state) ?? "-")
    .join(" ");
}

const main = { service: "web", process: "main" };
const configured = (checks: Record<string, CheckRole> = {}, processes = ["main"], service = "web"): HostEvent => ({
  type: "service.configured",
  data: { service, processes, checks: Object.entries(checks).map(([name, role]) => ({ name, role })) },
});
const started = (run: number): HostEvent => ({
  type: "service.started",
  data: { ...main, run, pid: 100 + run, startTicks: run },
});
const restarted = (run: number, because = "exited with code 1"): HostEvent => ({
  type: "service.restarted",
  data: { ...main, run, pid: 100 + run, startTicks: run, attempt: 1, because },
});
const adopted = (run: number, uptimeMs: number): HostEvent => ({
  type: "service.adopted",
  data: { ...main, run, pid: 100 + run, startTicks: run, uptimeMs },
});
const exited = (run: number, exit: Exit = { kind: "code", code: 1 }): HostEvent => ({
  type: "service.exited",
  data: { ...main, run, pid: 100 + run, exit, cause: "code", uptimeMs: 5, expected: false, whileAway: false },
});
const delayed = (attempt: number, delayMs: number): HostEvent => ({
  type: "service.delayed",
  data: { ...main, attempt, delayMs, because: "exited with code 1" },
});
const signalled = (run: number): HostEvent => ({
  type: "service.signalled",
  data: { ...main, run, pid: 100 + run, signal: "SIGTERM", timeoutMs: 1 },
});
const stopped: HostEvent = { type: "service.stopped", data: main };
const completed: HostEvent = { type: "service.completed", data: main };
const gaveUp: HostEvent = { type: "service.gave-up", data: { ...main, reason: "enough" } };
const ready: HostEvent = { type: "service.ready", data: { service: "web" } };
const unready: HostEvent = { type: "service.unready", data: { service: "web", reasons: ["a check"] } };
const passed = (check: string, role: CheckRole = "readiness"): HostEvent => ({
  type: "check.passed",
  data: { service: "web", check, role, tookMs: 1 },
});
const failed = (check: string, reason: string): HostEvent => ({
  type: "check.failed",
  data: { service: "web", check, role: "readiness", reason, failures: 1 },
});
const agentStarted: HostEvent = {
  type: "agent.started",
  data: {
    agentId: "a1",
    name: "node-a",
    version: "1.0.0",
    node: "v20",
    pid: 1,
    session: "s1",
    bootId: "b1",
    labels: { role: "api" },
  },
};
const actor = { kind: "cli" as const, name: "local" };
const accepted = (id: string): HostEvent => ({
  type: "command.accepted",
  data: { id, name: "service.stop", actor, args: {} },
});
const finished = (id: string, data?: unknown): HostEvent => ({
  type: "command.finished",
  data: { id, name: "service.stop", actor, outcome: "succeeded", tookMs: 1, ...(data === undefined ? {} : { data }) },
});

const process = (state: HostState): ProcessState | undefined => state.services.web?.processes.main;
const phases = (...events: HostEvent[]): string => tell((state) => process(state)?.phase.name, events);

test("a process that crashes waits, runs again and is stopped on demand", () => {
  assert.equal(
    phases(configured(), started(1), exited(1), delayed(1, 2000), restarted(2), signalled(2), exited(2), stopped),
    "stopped running exited waiting running stopping exited stopped",
  );
});

test("a process may end well, or badly and for good", () => {
  assert.equal(phases(configured(), started(1), exited(1), completed), "stopped running exited completed");
  assert.equal(phases(configured(), started(1), exited(1), gaveUp), "stopped running exited gave-up");
});

test("an isolation is there from the moment it is told until the release, through a new agent and a new configuration", () => {
  const isolated: HostEvent = {
    type: "service.isolated",
    data: { service: "web", actor, reason: "odd traffic", processes: ["main"] },
  };
  const released: HostEvent = { type: "service.released", data: { service: "web", actor, processes: ["main"] } };
  const seen = states(configured(), isolated, stopped, agentStarted, configured({ up: "readiness" }), released);
  const isolation = { by: actor, at: timeOf(2), reason: "odd traffic", processes: ["main"] };
  assert.deepEqual(
    seen.map(({ services }) => services.web?.isolation),
    [undefined, isolation, isolation, isolation, isolation, undefined],
  );
  assert.equal("isolation" in (seen.at(-1)?.services.web ?? {}), false);
});

test("maintenance of a service and of the host are told apart, know their end, and outlive the agent", () => {
  const began = (service?: string): HostEvent => ({
    type: "maintenance.began",
    data: { ...(service === undefined ? {} : { service }), forMs: 60_000, actor, reason: "new disk" },
  });
  const ended = (service?: string): HostEvent => ({
    type: "maintenance.ended",
    data: { ...(service === undefined ? {} : { service }), because: "expired" },
  });
  const tell = (state: HostState): string => `${state.maintenance?.until} ${state.services.web?.maintenance?.until}`;
  const seen = states(configured(), began("web"), began(), agentStarted, ended("web"), ended());
  assert.deepEqual(seen.map(tell), [
    "undefined undefined",
    `undefined ${timeOf(62)}`,
    `${timeOf(63)} ${timeOf(62)}`,
    `${timeOf(63)} ${timeOf(62)}`,
    `${timeOf(63)} undefined`,
    "undefined undefined",
  ]);
  const { maintenance } = walk(configured(), began());
  assert.deepEqual(maintenance, { by: actor, since: timeOf(2), until: timeOf(62), reason: "new disk" });
});

test("a phase carries what is true in it", () => {
  const run = { run: 1, pid: 101, startTicks: 1 };
  const seen = states(configured(), started(1), signalled(1), exited(1), delayed(3, 2500), gaveUp).map(
    (state) => process(state)?.phase,
  );
  assert.deepEqual(seen, [
    { name: "stopped" },
    { name: "running", ...run, since: timeOf(2) },
    { name: "stopping", ...run, since: timeOf(3) },
    { name: "exited", run: 1 },
    { name: "waiting", attempt: 3, until: timeOf(7.5), because: "exited with code 1" },
    { name: "gave-up", reason: "enough" },
  ]);
});

test("an adopted process runs since it was started, not since it was found", () => {
  assert.deepEqual(process(walk(configured(), adopted(7, 1500)))?.phase, {
    name: "running",
    run: 7,
    pid: 107,
    startTicks: 7,
    since: timeOf(0.5),
  });
});

test("restarts are counted, starts and adoptions are not", () => {
  assert.equal(
    tell(
      (state) => String(process(state)?.restarts),
      [configured(), started(1), restarted(2), adopted(2, 1), restarted(3)],
    ),
    "0 0 1 1 2",
  );
});

test("the last restart and the last exit are remembered through what follows", () => {
  const { lastRestart, lastExit } =
    process(walk(configured(), started(1), exited(1), restarted(2, "a policy"), signalled(2))) ?? {};
  assert.deepEqual(lastRestart, { at: timeOf(4), because: "a policy" });
  const exit = { kind: "code", code: 1 };
  assert.deepEqual(lastExit, { at: timeOf(3), run: 1, exit, cause: "code", uptimeMs: 5, expected: false });
});

test("who is asked to stop more than once has been stopping since the first time", () => {
  const { phase } = process(walk(configured(), started(1), signalled(1), signalled(1))) ?? {};
  assert.deepEqual(phase, { name: "stopping", run: 1, pid: 101, startTicks: 1, since: timeOf(3) });
});

test("why a start failed is remembered until a run begins or somebody stops it", () => {
  const data = { ...main, run: 1, kind: "not-found" as const, reason: "it does not exist" };
  const failedStart: HostEvent = { type: "service.start-failed", data };
  const remembered = (...events: HostEvent[]): unknown =>
    process(walk(configured(), failedStart, ...events))?.startFailure;
  assert.deepEqual(remembered(delayed(1, 5)), { at: timeOf(2), kind: "not-found", reason: "it does not exist" });
  for (const event of [restarted(2), started(2), stopped]) assert.equal(remembered(event), undefined, event.type);
});

const looped: HostEvent = {
  type: "service.crash-looped",
  data: { ...main, crashes: 2, windowMs: 1000, then: "slow", because: "it exited with code 1" },
};
const settled: HostEvent = { type: "service.settled", data: { ...main, run: 2 } };

test("crashes are counted until the process settles, and a crash loop lasts until then", () => {
  const story = [
    configured(),
    started(1),
    exited(1),
    restarted(2, "it ended"),
    exited(2),
    looped,
    restarted(3, "it ended"),
  ];
  const looping = process(walk(...story));
  assert.deepEqual([looping?.crashes, looping?.crashLoop?.since], [[timeOf(3), timeOf(5)], timeOf(6)]);
  const calm = process(walk(...story, settled));
  assert.deepEqual([calm?.crashes, calm?.crashLoop, calm?.settled?.run], [[], undefined, 2]);
});

test("whoever starts or stops a process forgives it", () => {
  for (const pardon of [started(3), stopped]) {
    const pardoned = process(walk(configured(), started(1), exited(1), looped, pardon));
    assert.deepEqual([pardoned?.crashes, pardoned?.crashLoop], [[], undefined]);
  }
});

test("a moment that is too far away to be written is the last one that can be", () => {
  assert.equal(
    JSON.stringify(process(walk(configured(), delayed(1, Number.MAX_SAFE_INTEGER)))?.phase).includes("+275760-09-13"),
    true,
  );
});

const checks = (...events: HostEvent[]): string => tell((state) => state.services.web?.checks.up?.status, events);

test("every check has to pass again after each new run", () => {
  const up = configured({ up: "readiness" });
  assert.equal(checks(up, started(1), passed("up"), exited(1), restarted(2)), "pending pending passed passed pending");
  assert.equal(checks(up, passed("up"), started(1)), "pending passed pending");
  assert.equal(checks(up, failed("up", "refused"), adopted(1, 5)), "pending failed pending");
});

test("a failed check tells why, and since when; a passed one has no reason left", () => {
  const up = configured({ up: "readiness" });
  assert.deepEqual(walk(up, failed("up", "refused")).services.web?.checks.up, {
    role: "readiness",
    status: "failed",
    reason: "refused",
    since: timeOf(2),
  });
  assert.deepEqual(walk(up, failed("up", "refused"), passed("up")).services.web?.checks.up, {
    role: "readiness",
    status: "passed",
    since: timeOf(3),
  });
});

test("a new configuration keeps what is known of processes and checks that stay, and forgets the others", () => {
  const before = configured({ up: "readiness", old: "liveness" }, ["main", "worker"]);
  const { processes, checks } =
    walk(before, started(1), passed("up"), configured({ up: "readiness", new: "liveness" })).services.web ?? {};
  assert.deepEqual(
    Object.entries(processes ?? {}).map(([name, { phase }]) => `${name} ${phase.name}`),
    ["main running"],
  );
  assert.deepEqual(
    Object.entries(checks ?? {}).map(([name, { status }]) => `${name} ${status}`),
    ["up passed", "new pending"],
  );
});

test("a check that got another role has to pass in it", () => {
  assert.equal(
    checks(configured({ up: "liveness" }), passed("up", "liveness"), configured({ up: "readiness" })),
    "pending passed pending",
  );
});

test("readiness says since when", () => {
  assert.equal(
    tell(
      (state) => `${state.services.web?.ready}@${state.services.web?.since.slice(17, 19)}`,
      [configured(), started(1), ready, passed("x"), unready],
    ),
    "false@01 false@01 true@03 true@03 false@05",
  );
});

test("a removed service is gone, and comes back as a new one", () => {
  const removed: HostEvent = { type: "service.removed", data: { service: "web" } };
  assert.equal(phases(configured(), started(1), removed, configured()), "stopped running - stopped");
});

const ofOneService = [
  started(1),
  restarted(2),
  adopted(1, 5),
  exited(1),
  delayed(1, 5),
  signalled(1),
  stopped,
  completed,
  gaveUp,
  ready,
  unready,
  passed("up"),
  failed("up", "refused"),
];
for (const event of ofOneService)
  test(`${event.type} of a service, process or check that is not known changes nothing`, () => {
    for (const known of [
      walk(),
      walk(configured({}, ["other"], "other")),
      walk(configured({ other: "readiness" }, ["other"])),
    ]) {
      if (known.services.web && ["service.ready", "service.unready"].includes(event.type)) continue;
      assert.deepEqual(next(known, event), { ...known, epoch, seq: known.seq + 1 });
    }
  });

for (const name of ["constructor", "toString", "hasOwnProperty", "__proto__"])
  test(`"${name}" is a name like any other for services, processes, checks and commands`, () => {
    const of = { service: name, process: name };
    const state = walk(
      { type: "check.passed", data: { service: name, check: name, role: "readiness", tookMs: 1 } },
      finished(name),
      configured({ [name]: "readiness" }, [name], name),
      { type: "service.started", data: { ...of, run: 1, pid: 2, startTicks: 3 } },
      { type: "check.failed", data: { service: name, check: name, role: "readiness", reason: "refused", failures: 1 } },
      accepted(name),
    );
    assert.deepEqual([Object.keys(state.services), Object.keys(state.commands)], [[name], [name]]);
    const service = Object.values(state.services)[0];
    assert.deepEqual(
      Object.entries(service?.processes ?? {}).map(([key, { phase, restarts }]) => [key, phase.name, restarts]),
      [[name, "running", 0]],
    );
    assert.deepEqual(
      Object.entries(service?.checks ?? {}).map(([key, { status }]) => [key, status]),
      [[name, "failed"]],
    );
  });

test("a new agent has lost its connections, knows of nothing degraded, and no check of a service has passed for it", () => {
  const state = walk(
    configured({ up: "readiness" }),
    started(1),
    passed("up"),
    ready,
    { type: "controller.connected", data: { controller: "c", direction: "inbound", session: "s0", peer: "p" } },
    { type: "agent.degraded", data: { part: "journal", reason: "no space" } },
    agentStarted,
  );
  assert.deepEqual(state.controllers, {});
  assert.deepEqual(state.agent, {
    id: "a1",
    name: "node-a",
    version: "1.0.0",
    session: "s1",
    bootId: "b1",
    startedAt: timeOf(7),
    labels: { role: "api" },
    degraded: {},
  });
  const { ready: isReady, since, checks, processes } = state.services.web ?? {};
  assert.deepEqual([isReady, since, checks?.up], [false, timeOf(7), { role: "readiness", status: "pending" }]);
  assert.equal(processes?.main?.phase.name, "running");
});

test("a service that was not ready before the new agent has not been for longer", () => {
  assert.equal(walk(configured(), started(1), agentStarted).services.web?.since, timeOf(1));
});

test("parts degrade and recover one by one", () => {
  const degraded = (part: string, reason: string): HostEvent => ({ type: "agent.degraded", data: { part, reason } });
  const recovered = (part: string): HostEvent => ({ type: "agent.recovered", data: { part } });
  assert.deepEqual(walk(degraded("a", "x"), degraded("b", "y"), degraded("a", "z")).agent.degraded, { a: "z", b: "y" });
  assert.deepEqual(walk(degraded("a", "x"), degraded("b", "y"), recovered("a"), recovered("c")).agent.degraded, {
    b: "y",
  });
});

test("a rejected configuration is told beside the one that runs, until one is applied", () => {
  const applied: HostEvent = { type: "config.applied", data: { file: "/f", hash: "h", changes: [] } };
  const rejected: HostEvent = { type: "config.rejected", data: { file: "/f", problems: ["p"] } };
  assert.deepEqual(walk(applied, rejected).config, {
    file: "/f",
    hash: "h",
    appliedAt: timeOf(1),
    rejected: { at: timeOf(2), problems: ["p"] },
  });
  assert.deepEqual(walk(applied, rejected, applied).config, { file: "/f", hash: "h", appliedAt: timeOf(3) });
});

test("a controller that the agent dials is remembered with the reason why it is away; one that dialled in is not", () => {
  const connected = (controller: string, direction: "inbound" | "outbound"): HostEvent => ({
    type: "controller.connected",
    data: { controller, direction, session: "s", peer: "p" },
  });
  const lost = (controller: string, direction: "inbound" | "outbound"): HostEvent => ({
    type: "controller.disconnected",
    data: { controller, direction, code: 1006, reason: "gone" },
  });
  const unreachable: HostEvent = { type: "controller.unreachable", data: { controller: "out", reason: "refused" } };
  assert.deepEqual(
    walk(connected("in", "inbound"), connected("out", "outbound"), lost("in", "inbound"), lost("out", "outbound"))
      .controllers,
    {
      out: { connected: false, direction: "outbound", since: timeOf(4), reason: "gone" },
    },
  );
  assert.deepEqual(walk(unreachable).controllers.out, {
    connected: false,
    direction: "outbound",
    since: timeOf(1),
    reason: "refused",
  });
  assert.deepEqual(walk(unreachable, connected("out", "outbound")).controllers.out, {
    connected: true,
    direction: "outbound",
    since: timeOf(2),
  });
});

test("a command has no outcome while it runs, and then its one result with the seq of its end", () => {
  const [running, done] = states(accepted("1"), finished("1", { changed: true }));
  assert.deepEqual(running?.commands["1"], { name: "service.stop", actor, at: timeOf(1) });
  assert.deepEqual(done?.commands["1"], {
    name: "service.stop",
    actor,
    at: timeOf(1),
    outcome: "succeeded",
    data: { changed: true },
    lastSeq: 2,
  });
});

test("a result that is too large for the state is in its event alone", () => {
  const text = (length: number): HostEvent => finished("1", { text: "x".repeat(length) });
  const [, small] = states(accepted("1"), text(1000));
  const [, large] = states(accepted("1"), text(maxCommandData));
  assert.notEqual(small?.commands["1"]?.data, undefined);
  assert.deepEqual([large?.commands["1"]?.outcome, large?.commands["1"]?.data], ["succeeded", undefined]);
});

test("the end of a command that is not remembered changes nothing", () => {
  assert.deepEqual(walk(finished("1")).commands, {});
});

const ids = (from: number, to: number): string[] => Array.from({ length: to - from + 1 }, (_, at) => String(from + at));

test("the last commands are remembered, as many as there may be; the oldest go first", () => {
  const state = walk(...ids(1, maxCommands + 10).flatMap((id) => [accepted(id), finished(id)]));
  assert.deepEqual(
    Object.keys(state.commands).sort((a, b) => Number(a) - Number(b)),
    ids(11, maxCommands + 10),
  );
});

test("a command that runs is not forgotten for newer ones that have finished", () => {
  const state = walk(
    accepted("long"),
    ...ids(1, maxCommands + 10).flatMap((id) => [accepted(id), finished(id)]),
    finished("long"),
  );
  assert.equal(state.commands.long?.outcome, "succeeded");
  assert.equal(Object.keys(state.commands).length, maxCommands);
});

test("no number of commands that run makes the state grow without end", () => {
  assert.equal(Object.keys(walk(...ids(1, maxCommands + 10).map(accepted)).commands).length, maxCommands);
});

test("an event of somebody else only moves the seq", () => {
  const before = walk(configured(), started(1));
  const after = next(before, { type: "app.migrated", data: { service: "web", process: "main" } });
  assert.deepEqual(after, { ...before, seq: 3 });
});

test("what an event does not touch stays the same object", () => {
  const before = walk(configured(), configured({}, ["main"], "other"), accepted("1"));
  const after = next(before, started(1));
  assert.equal(after.services.other, before.services.other);
  assert.equal(after.commands, before.commands);
  assert.notEqual(after.services.web, before.services.web);
});

/** A history in which services are known, so that the events find something to change. */
const history = fc
  .array(arbitraryEvent(), { minLength: 1, maxLength: 30 })
  .map((events): HostEvent[] => [
    configured({ main: "readiness", db: "liveness" }, ["main", "db"]),
    accepted("web"),
    ...events,
  ]);

/** Objects lose the right to change; who tries gets a TypeError. */
function freeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(freeze);
  }
  return value;
}

function hasNull(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return Object.values(value).some((member) => (member === null && !Array.isArray(value)) || hasNull(member));
}

/** The state after, at the other end of a link, where the state before is. */
function carry(before: HostState, after: HostState): HostState {
  return applyPatch(before, JSON.parse(JSON.stringify(diff(before, after) ?? {})) as Record<string, unknown>);
}

test("whatever happens, neither the state before nor the event is changed", () => {
  fc.assert(
    fc.property(history, (events) => {
      events.reduce((state, event) => freeze(next(state, freeze(event))), freeze(initialState(epoch)));
    }),
  );
});

test("whatever happens, the state is a state, and nothing in it is null", () => {
  fc.assert(
    fc.property(history, (events) => {
      const state = walk(...events);
      assert.deepEqual(hostState.safeParse(state).error, undefined);
      assert.equal(hasNull(state), false);
    }),
  );
});

test("whatever a command results in, nothing in the state is null, and a patch carries it", () => {
  fc.assert(
    fc.property(arbitraryJson(), arbitraryJson(), (first, second) => {
      const [, before, , after] = states(accepted("1"), finished("1", first), accepted("1"), finished("1", second));
      assert.ok(before && after && !hasNull(after));
      assert.deepEqual(carry(before, after), after);
    }),
    { numRuns: 500 },
  );
});

test("whatever happens, a patch carries the change to whoever has a state before", () => {
  fc.assert(
    fc.property(history, (events) => {
      const seen = states(...events);
      for (const [at, after] of seen.entries()) {
        const carried = carry(seen[Math.max(0, at - 3)] ?? after, after);
        assert.deepEqual(carried, after);
        assert.equal(hashOf(carried), hashOf(after));
      }
    }),
    { numRuns: 50 },
  );
});

test("whoever folds what was sent has the state of whoever folded what happened", () => {
  fc.assert(
    fc.property(history, (events) => {
      const there = events.reduce((state, event, at) => {
        const position = { epoch, seq: at + 1, time: timeOf(at + 1) };
        const text = JSON.stringify(envelopeOf(event, "a1", position));
        return fold(state, eventOf(decodeEnvelope(JSON.parse(text))), position);
      }, initialState(epoch));
      assert.deepEqual(there, walk(...events));
    }),
  );
});

const tooMuch = (run: number, watch = "memory"): HostEvent => ({
  type: "service.limit-exceeded",
  data: {
    ...main,
    run,
    pid: 100 + run,
    watch,
    what: "memory",
    bound: "at-most",
    limit: 10,
    value: 20,
    forMs: 2000,
    action: "none",
  },
});
const enough = (run: number, watch = "memory"): HostEvent => ({
  type: "service.limit-recovered",
  data: {
    ...main,
    run,
    pid: 100 + run,
    watch,
    what: "memory",
    bound: "at-most",
    limit: 10,
    value: 5,
    because: "within",
  },
});
const exceeded = (state: HostState): string | undefined =>
  Object.keys(state.services.web?.processes.main?.exceeded ?? {}).join("+") || undefined;

test("an exceeded limit stands in the state until it is back", () => {
  const story = [configured(), started(1), tooMuch(1), tooMuch(1, "cpu"), enough(1), enough(1, "cpu")];
  assert.equal(tell(exceeded, story), "- - memory memory+cpu cpu -");
  const limit = walk(...story.slice(0, 3)).services.web?.processes.main?.exceeded?.memory;
  assert.deepEqual(limit, { what: "memory", bound: "at-most", limit: 10, value: 20, since: timeOf(1), action: "none" });
});

test("an exceeded limit ends with its run, and belongs to no other", () => {
  assert.equal(
    tell(exceeded, [
      configured(),
      started(1),
      tooMuch(1),
      signalled(1),
      exited(1),
      restarted(2),
      tooMuch(1),
      adopted(2, 5),
    ]),
    "- - memory memory - - - -",
  );
  assert.equal(tell(exceeded, [configured(), started(1), tooMuch(1), adopted(1, 5)]), "- - memory -");
  assert.equal(tell(exceeded, [configured(), tooMuch(1)]), "- -");
});

const job = { service: "web", process: "job" };
const typed: HostEvent = {
  type: "service.configured",
  data: {
    service: "web",
    processes: ["main", "job"],
    types: { job: "scheduled" },
    checks: [
      { name: "up", role: "readiness" },
      { name: "own", role: "readiness", process: "job" },
    ],
  },
};
const jobStarted = (run: number): HostEvent => ({
  type: "service.started",
  data: { ...job, run, pid: 200 + run, startTicks: run },
});
const jobEnded = (run: number, code: number): HostEvent => ({
  type: "service.exited",
  data: {
    ...job,
    run,
    pid: 200 + run,
    exit: { kind: "code", code },
    cause: code === 0 ? "clean" : "code",
    uptimeMs: 5,
    expected: false,
    whileAway: false,
  },
});
const nextAt = (time: string): HostEvent => ({ type: "service.scheduled", data: { ...job, next: time } });
const triggered: HostEvent = { type: "service.triggered", data: { ...job, due: "t1", late: false, next: "t2" } };

test("a scheduled process waits for its time, runs and waits again; its next and its last time are known", () => {
  const story = [typed, nextAt("t1"), triggered, jobStarted(1), nextAt("t3"), jobEnded(1, 0), nextAt("t3")];
  const its = (state: HostState): ProcessState | undefined => state.services.web?.processes.job;
  assert.equal(
    tell((state) => its(state)?.phase.name, story),
    "stopped scheduled scheduled running running exited scheduled",
  );
  assert.equal(
    tell((state) => `${its(state)?.schedule?.next}/${its(state)?.schedule?.lastDue}`, story.slice(0, 5)),
    "undefined/undefined t1/undefined t2/t1 t2/t1 t3/t1",
  );
});

test("bad ends of a scheduled process are counted until it ends well", () => {
  const story = [typed, jobStarted(1), jobEnded(1, 1), jobStarted(2), jobEnded(2, 1), jobStarted(3), jobEnded(3, 0)];
  const counts = states(...story).map(({ services }) => services.web?.processes.job?.crashes.length);
  assert.equal(counts.at(-1), 0);
});

test("a run makes worthless what was known of its process, and of the service only when it is a daemon's", () => {
  const own: HostEvent = {
    type: "check.passed",
    data: { service: "web", check: "own", role: "readiness", process: "job", tookMs: 1 },
  };
  const both = (state: HostState): string => {
    const { up, own } = state.services.web?.checks ?? {};
    return `${up?.status},${own?.status}`;
  };
  assert.equal(
    tell(both, [typed, started(1), passed("up"), own, jobStarted(1), own, restarted(2)])
      .split(" ")
      .slice(3)
      .join(" "),
    "passed,passed passed,pending passed,passed pending,passed",
  );
});

test("a process of another type begins anew in what is known of its schedule", () => {
  const daemon = configured({}, ["main", "job"]);
  const its = walk(typed, nextAt("t1"), daemon).services.web?.processes.job;
  assert.deepEqual([its?.type, its?.schedule], [undefined, undefined]);
});

test("a process that waits for others says for which, until it starts or is stopped", () => {
  const deferred: HostEvent = {
    type: "service.deferred",
    data: { ...main, awaits: [{ process: "db", until: "ready" }] },
  };
  assert.equal(phases(configured(), deferred, started(1)), "stopped deferred running");
  assert.deepEqual(process(walk(configured(), deferred))?.phase, {
    name: "deferred",
    awaits: [{ process: "db", until: "ready" }],
  });
});

test("a scale is remembered with what the configuration wanted then", () => {
  const scaled: HostEvent = { type: "service.scaled", data: { ...main, actor, instances: 3, configured: 2 } };
  const { scale } = walk(configured(), scaled, configured()).services.web ?? {};
  assert.deepEqual(scale, { main: { instances: 3, configured: 2 } });
});

const notified = (run: number): HostEvent => ({ type: "service.notified", data: { ...main, run, tookMs: 5 } });

test("a notification belongs to its run, outlives the agent that heard it, and ends with the next run", () => {
  const run = (state: HostState): string | undefined =>
    state.services.web?.processes.main?.notified?.run.toString() ?? undefined;
  const story = [configured(), started(1), notified(1), adopted(1, 5), exited(1), restarted(2), notified(2)];
  assert.equal(tell(run, story), "- - 1 1 1 - 2");
  assert.equal(tell(run, [configured(), started(1), notified(1), adopted(3, 5)]), "- - 1 -");
});

const marker = (run: number, seen: boolean): HostEvent => ({
  ...(seen
    ? { type: "service.marker-seen", data: { ...main, run, match: "up", tookMs: 5 } }
    : { type: "service.marker-missed", data: { ...main, run, match: "up", withinMs: 5, because: "not-written" } }),
});

test("what is known of a marker belongs to its run, outlives the agent, and ends with the next run", () => {
  const known = (state: HostState): string | undefined => state.services.web?.processes.main?.marker?.seen.toString();
  const story = [configured(), started(1), marker(1, true), adopted(1, 5), exited(1), restarted(2), marker(2, false)];
  assert.equal(tell(known, story), "- - true true true - false");
  const { run, match, at } = walk(...story).services.web?.processes.main?.marker ?? {};
  assert.deepEqual({ run, match, at }, { run: 2, match: "up", at: timeOf(7) });
});

test("a startup check that has passed stays so while its run goes on, whatever agent looks after it, and no longer", () => {
  const checks = [
    { name: "started", role: "startup" as const },
    { name: "up", role: "readiness" as const },
  ];
  const about = { service: "web", process: "main", pid: 9, startTicks: 90 };
  const passed = (check: string, role: "startup" | "readiness"): HostEvent => ({
    type: "check.passed",
    data: { service: "web", check, role, tookMs: 1 },
  });
  const agent: HostEvent = {
    type: "agent.started",
    data: { ...{ agentId: "a", name: "n", version: "1", node: "v", pid: 1, session: "s", bootId: "b" }, labels: {} },
  };
  const story: HostEvent[] = [
    { type: "service.configured", data: { service: "web", processes: ["main"], checks } },
    { type: "service.started", data: { ...about, run: 1 } },
    passed("started", "startup"),
    passed("up", "readiness"),
    agent,
    { type: "service.adopted", data: { ...about, run: 1, uptimeMs: 1000 } },
  ];
  const statuses = (events: HostEvent[]): string[] =>
    Object.values(walk(...events).services.web?.checks ?? {}).map(({ status }) => status);
  assert.deepEqual(statuses(story), ["passed", "pending"]);
  const another: HostEvent = { type: "service.adopted", data: { ...about, run: 2, uptimeMs: 1000 } };
  assert.deepEqual(statuses([...story, another]), ["pending", "pending"]);
});
