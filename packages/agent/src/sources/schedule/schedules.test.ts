import assert from "node:assert/strict";
import { test } from "node:test";
import type { EventData, HostEvent, HostState } from "@ostler/protocol";
import { serviceConfig } from "../../config/services.js";
import { recordingBus } from "../../testing/bus.js";
import { FakeClock } from "../../testing/fake-clock.js";
import { toleranceMs, type ArmedSchedule, type Told } from "./cron-task.js";
import { Schedules } from "./schedules.js";

const minute = 60_000;
const hour = 60 * minute;
const slot = { service: "shop", process: "tick" };

/** Whole minutes by the clock, with timers that take no notice when it is set; as node-cron does it. */
function everyMinute(clock: FakeClock, { due, missed }: Told): ArmedSchedule {
  const nextOf = (ms: number): number => Math.floor(ms / minute) * minute + minute;
  let nextMs = 0;
  let cancel = (): void => {};
  const arm = (): void => {
    cancel();
    nextMs = nextOf(clock.now());
    cancel = clock.after(nextMs - clock.now(), fire);
  };
  const fire = (): void => {
    const slots: number[] = [];
    for (let ms = nextMs; ms <= clock.now(); ms = nextOf(ms)) slots.push(ms);
    arm();
    for (const ms of slots) (clock.now() - ms > toleranceMs ? missed : due)(ms);
  };
  arm();
  return { nextMs: () => nextMs, rearm: arm, [Symbol.dispose]: () => cancel() };
}

const services = (missed: "skip" | "run") => ({
  shop: serviceConfig.parse({ processes: { tick: { command: ["true"], cron: { at: "* * * * *", missed } } } }),
});

function host({ missed = "skip", previous }: { missed?: "skip" | "run"; previous?: HostEvent[] } = {}) {
  const clock = new FakeClock(Date.UTC(2026, 0, 1, 12, 0, 30));
  const { bus, seen } = recordingBus(clock);
  bus.publish({
    type: "service.configured",
    data: { service: "shop", processes: ["tick"], types: { tick: "scheduled" }, checks: [] },
  });
  for (const event of previous ?? [{ type: "service.scheduled", data: { ...slot, next: at(12, 1) } }])
    bus.publish(event);
  const schedules = new Schedules(services(missed), {
    publish: bus.publish,
    clock,
    state: () => bus.state,
    arm: (_cron, told) => everyMinute(clock, told),
  });
  const before = seen.length;
  /** What was told, in short: what became due, what was missed, what comes next. */
  const story = (): string[] =>
    seen.slice(before).flatMap(({ event }) => {
      if (event.type === "service.triggered") {
        const { due, late } = event.data as EventData<"service.triggered">;
        return `${late ? "late" : "due"} ${due.slice(11, 16)}`;
      }
      if (event.type === "service.scheduled")
        return `next ${(event.data as EventData<"service.scheduled">).next.slice(11, 16)}`;
      if (event.type !== "service.run-missed") return [];
      const { from, to, because } = event.data as EventData<"service.run-missed">;
      return `missed ${from.slice(11, 16)}-${to.slice(11, 16)} because ${because.split(" ").slice(0, 3).join(" ")}`;
    });
  return {
    bus,
    clock,
    schedules,
    story,
    state: (): HostState => bus.state,
    [Symbol.dispose]: () => {
      schedules[Symbol.dispose]();
      assert.equal(clock.waiting, 0, "no timer is left");
    },
  };
}

function at(hours: number, minutes: number): string {
  return new Date(Date.UTC(2026, 0, 1, hours, minutes)).toISOString();
}

const stopped: HostEvent = { type: "service.stopped", data: slot };
const actor = { kind: "cli" as const, name: "local" };

test("a process is due at each of its times, and the state knows the last and the next one", async () => {
  using shop = host();
  await shop.clock.pass(2 * minute);
  assert.deepEqual(shop.story(), ["due 12:01", "due 12:02"]);
  const { schedule } = shop.state().services.shop?.processes.tick ?? {};
  assert.deepEqual(schedule, { next: at(12, 3), lastDue: at(12, 2) });
});

test("a process that somebody stopped is not due", async () => {
  using shop = host({ previous: [stopped] });
  await shop.clock.pass(2 * minute);
  assert.deepEqual(shop.story(), []);
});

test("in maintenance its times pass, and that is told", async () => {
  using shop = host({ missed: "run" });
  shop.bus.publish({ type: "maintenance.began", data: { forMs: hour, actor, reason: "disk" } });
  await shop.clock.pass(minute);
  assert.deepEqual(shop.story(), ["missed 12:01-12:01 because it is in", "next 12:02"]);
});

test("a clock set forward makes no burst: what was passed over is told once, and the schedule goes on", async () => {
  using shop = host();
  shop.clock.jump(3 * hour);
  await shop.clock.pass(minute);
  assert.deepEqual(shop.story(), ["missed 12:01-15:00 because the clock was", "next 15:01", "due 15:01"]);
});

test("where a schedule makes up for what it missed it runs once for all of it", async () => {
  using shop = host({ missed: "run" });
  shop.clock.jump(3 * hour);
  await shop.clock.pass(minute);
  assert.deepEqual(shop.story(), ["missed 12:01-15:00 because the clock was", "late 15:00", "due 15:01"]);
});

test("a timer that wakes after the step, before anybody has looked at the clock, makes no burst either", async () => {
  using shop = host({ missed: "run" });
  await shop.clock.pass(29_000);
  shop.clock.jump(3 * hour);
  await shop.clock.pass(1000);
  await shop.clock.pass(minute);
  assert.deepEqual(shop.story(), ["missed 12:01-15:00 because the host or", "due 15:01", "due 15:02"]);
});

test("when no time came together with those that were missed, one run makes up for them", async () => {
  using shop = host({ missed: "run" });
  await shop.clock.pass(29_000);
  shop.clock.jump(3 * hour + 10_000);
  await shop.clock.pass(2000);
  assert.deepEqual(shop.story(), ["missed 12:01-15:01 because the host or", "late 15:01"]);
});

test("a clock set back does not stop a schedule", async () => {
  using shop = host();
  shop.clock.jump(-3 * hour);
  await shop.clock.pass(2 * minute);
  assert.deepEqual(shop.story(), ["next 09:01", "due 09:01", "due 09:02"]);
});

test("a time that a clock brings twice counts once", async () => {
  using shop = host();
  await shop.clock.pass(35_000);
  shop.clock.jump(-minute);
  await shop.clock.pass(2 * minute);
  assert.deepEqual(shop.story(), ["due 12:01", "next 12:01", "due 12:02"]);
});

test("a clock that is slewed is no clock that is set", async () => {
  using shop = host();
  shop.clock.jump(500);
  await shop.clock.pass(minute);
  assert.deepEqual(shop.story(), ["due 12:01"]);
});

const away: HostEvent[] = [{ type: "service.scheduled", data: { ...slot, next: at(9, 0) } }];

test("what was missed while no agent was there is told when somebody listens, once", () => {
  using shop = host({ previous: away });
  assert.deepEqual(shop.story(), []);
  shop.schedules.catchUp();
  shop.schedules.catchUp();
  assert.deepEqual(shop.story(), ["missed 09:00-12:00 because no agent was", "next 12:01"]);
});

test("what was missed while no agent was there is made up for where that is wanted", () => {
  using shop = host({ previous: away, missed: "run" });
  // The supervisor says first that it waits for its next time.
  shop.bus.publish({ type: "service.scheduled", data: { ...slot, next: at(12, 1) } });
  shop.schedules.catchUp();
  assert.deepEqual(shop.story().slice(1), ["missed 09:00-12:00 because no agent was", "late 12:00"]);
});

test("nothing was missed by a process that was stopped, or whose time had not come", () => {
  for (const previous of [[...away, stopped], [{ ...away[0], data: { ...slot, next: at(12, 1) } } as HostEvent]]) {
    using shop = host({ previous, missed: "run" });
    shop.schedules.catchUp();
    assert.deepEqual(shop.story(), []);
  }
});

test("a reload that changes a schedule tells its next time, and one that drops it leaves no timer", async () => {
  const shop = host();
  const other = serviceConfig.parse({ processes: { tick: { command: ["true"], cron: "*/5 * * * *" } } });
  await shop.schedules.prepare({ shop: other }).commit(new AbortController().signal);
  assert.deepEqual(shop.story(), ["next 12:01"]);
  await shop.schedules.prepare({}).commit(new AbortController().signal);
  assert.equal(shop.schedules.nextMs(slot), undefined);
  assert.equal(shop.clock.waiting, 1, "only the look at the clock is left");
  shop[Symbol.dispose]();
});
