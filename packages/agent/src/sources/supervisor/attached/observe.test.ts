import assert from "node:assert/strict";
import { test } from "node:test";
import type { HostEvent, ProcessState } from "@ostler/protocol";
import { isOver, observe, toldBefore, type Context, type Told } from "./observe.js";
import type { End, Sight } from "./sight.js";

const killed: End = { exit: { kind: "signal", signal: "SIGKILL", core: false }, cause: "signal", expected: false };
const asked: End = { exit: { kind: "signal", signal: "SIGTERM", core: false }, cause: "clean", expected: true };

const context: Context = {
  service: "db",
  process: "main",
  owner: "systemd",
  asked: undefined,
  first: false,
  otherBoot: false,
  uptimeMs: () => 1500,
  end: undefined,
};

const running = (pid: number, restarts = 0): Sight => ({ is: "running", identity: { pid, startTicks: pid }, restarts });
const stopped: Sight = { is: "stopped" };
const changing: Sight = { is: "changing" };
const failed: Sight = { is: "failed", reason: "its result is signal" };
const waiting = (attempt: number): Sight => ({ is: "waiting", attempt, delayMs: 100, because: "it ended" });

const unseen: Told = { is: "unseen", run: 0, restarts: undefined };
const runs = (pid: number, run = 1): Told => ({ is: "running", run, restarts: 0, identity: { pid, startTicks: pid } });

/** What is told of one sight after the other: each with the end of the run before, where it is over. */
function story(from: Told, ...sights: (Sight | { sight: Sight; context: Partial<Context> })[]): string {
  let told = from;
  const events = sights.flatMap((one, at) => {
    const { sight, context: more } = "sight" in one ? one : { sight: one, context: {} };
    const end = isOver(told, sight, false) ? killed : undefined;
    const next = observe(told, sight, { ...context, first: at === 0 && from === unseen, end, ...more });
    told = next.told;
    return next.events;
  });
  return events.map(inShort).join(" ");
}

function inShort({ type, data }: HostEvent): string {
  const run = "run" in data ? `@${String(data.run)}` : "";
  const attempt = type === "service.restarted" ? `#${(data as { attempt: number }).attempt}` : "";
  return `${type.slice(8)}${run}${attempt}`;
}

test("what runs when it is first seen is adopted, and then nothing is told while it runs on", () => {
  assert.equal(story(unseen, running(1), running(1), running(1)), "adopted@1");
});

test("what does not run when it is first seen is no news, unless it has failed", () => {
  assert.equal(story(unseen, stopped, stopped), "");
  assert.equal(story(unseen, failed, failed), "gave-up");
});

test("a restart by the owner is an end and a restart, each told once, counted as the owner counts", () => {
  assert.equal(story(unseen, running(1), running(2, 3), running(2, 3)), "adopted@1 exited@1 restarted@2#3");
  assert.equal(
    story(unseen, running(1), waiting(1), waiting(1), running(2, 1)),
    "adopted@1 exited@1 delayed restarted@2#1",
  );
  assert.equal(story(unseen, running(1), changing, changing, running(2, 1)), "adopted@1 exited@1 restarted@2#1");
});

test("why it was restarted names its end, the owner and its count", () => {
  const { events } = observe(runs(1), running(2, 3), { ...context, end: killed });
  const again = events.at(-1);
  assert.ok(again?.type === "service.restarted");
  const words = "it ended by SIGKILL; systemd restarted it (NRestarts 3)";
  assert.equal(again.data.because, words);
  const { told } = observe(runs(1), waiting(3), { ...context, end: killed });
  assert.match(JSON.stringify(observe(told, running(2, 3), context).events), /it ended by SIGKILL; systemd restarted/);
});

test("a restart by somebody is one that nobody counts", () => {
  assert.equal(story(runs(1), running(2, 0)), "exited@1 restarted@2#0");
  const { events } = observe(runs(1), running(2, 0), { ...context, end: asked });
  assert.match(JSON.stringify(events.at(-1)), /somebody restarted it through systemd/);
});

test("what is stopped is stopped, and what is started later is started", () => {
  assert.equal(story(runs(1), stopped, stopped, running(2)), "exited@1 stopped started@2");
  assert.equal(story(runs(1), failed, failed, running(2)), "exited@1 gave-up started@2");
  assert.equal(story(runs(1), { is: "completed" }, { is: "completed" }), "exited@1 completed");
});

test("while its owner stops or starts it nothing is told of what goes on living", () => {
  assert.equal(isOver(runs(1), changing, true), false);
  assert.deepEqual(observe(runs(1), changing, context).events, []);
});

test("as long as nobody can be sure nothing is told", () => {
  assert.equal(story(runs(1), { is: "unsure" }, { is: "unsure" }, stopped), "exited@1 stopped");
});

test("what the agent has asked for is expected, and says why", () => {
  const restart = { action: "restart", because: "new data", cure: false } as const;
  const { events } = observe(runs(1), running(2, 0), { ...context, asked: restart, end: killed });
  const [exited, restarted] = events;
  assert.ok(exited?.type === "service.exited" && restarted?.type === "service.restarted");
  assert.deepEqual([exited.data.expected, exited.data.cause], [true, "signal"]);
  assert.deepEqual([restarted.data.because, restarted.data.attempt], ["new data", 0]);
});

test("that it is stopped in the middle of a restart is no news, unless it stays so", () => {
  const restart = { asked: { action: "restart", because: "new data", cure: false } } as const;
  const inBetween = { sight: stopped, context: restart };
  assert.equal(story(runs(1), inBetween, { sight: running(2), context: restart }), "exited@1 restarted@2#0");
  assert.equal(story(runs(1), inBetween, stopped, running(2)), "exited@1 stopped started@2");
});

test("a restart as a cure says that it was unhealthy", () => {
  const cure = { action: "restart", because: "no answer", cure: true } as const;
  const [exited] = observe(runs(1), running(2, 0), { ...context, asked: cure, end: asked }).events;
  assert.ok(exited?.type === "service.exited");
  assert.equal(exited.data.cause, "watchdog");
});

test("what is left lying about is news only where something happened", () => {
  const stale: Sight = { is: "failed", reason: "its file is stale", stale: true };
  assert.equal(story(unseen, stale), "gave-up");
  assert.equal(story(runs(1), stale), "exited@1 gave-up");
  assert.equal(story({ is: "stopped", run: 1, restarts: 0 }, stale), "");
  const stop = { asked: { action: "stop", because: "", cure: false } } as const;
  assert.equal(story(runs(1), { sight: stale, context: stop }, stale), "exited@1 stopped");
});

const before = (phase: ProcessState["phase"]): Told => toldBefore({ phase, restarts: 0, crashes: [] });
const ran = before({ name: "running", run: 4, pid: 1, startTicks: 1, since: "" });
const first = (sight: Sight, more: Partial<Context> = {}): { sight: Sight; context: Partial<Context> } => ({
  sight,
  context: { first: true, ...more },
});

test("a new agent adopts the run that it knows, and goes on counting", () => {
  assert.equal(story(ran, first(running(1))), "adopted@4");
  assert.equal(story(ran, first(running(2, 1))), "exited@4 restarted@5#1");
  assert.equal(story(ran, first(running(2, 0))), "exited@4 restarted@5#0");
  assert.equal(story(ran, first(stopped)), "exited@4 stopped");
  assert.equal(story(before({ name: "stopped" }), first(running(2))), "adopted@1");
  assert.equal(story(before({ name: "gave-up", reason: "its result is signal" }), first(failed)), "");
  assert.equal(story(before({ name: "waiting", attempt: 2, until: "", because: "" }), first(waiting(2))), "");
});

test("what happened while no agent was there says so", () => {
  const [exited] = observe(ran, stopped, { ...context, first: true, end: killed }).events;
  assert.ok(exited?.type === "service.exited");
  assert.deepEqual([exited.data.whileAway, exited.data.uptimeMs], [true, 1500]);
});

test("after a reboot everything that runs is another run", () => {
  const { events } = observe(ran, running(1), { ...context, first: true, otherBoot: true, end: killed });
  assert.deepEqual(events.map(inShort), ["exited@4", "adopted@5"]);
});
