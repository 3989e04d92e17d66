import assert from "node:assert/strict";
import { test } from "node:test";
import type { EventData, HostEvent } from "@ostler/protocol";
import { serviceConfig } from "../../config/services.js";
import { configured, recordingBus } from "../../testing/bus.js";
import { FakeClock } from "../../testing/fake-clock.js";
import { BackupTimes } from "./backup-times.js";
import type { ArmedSchedule, Told } from "./cron-task.js";

const hour = 3_600_000;

/** Whole hours by the clock, with timers that take no notice when it is set; as node-cron does it. */
function everyHour(clock: FakeClock, { due, missed }: Told): ArmedSchedule {
  let nextMs = 0;
  let cancel = (): void => {};
  const arm = (): void => {
    cancel();
    nextMs = Math.floor(clock.now() / hour) * hour + hour;
    cancel = clock.after(nextMs - clock.now(), () => {
      const reachedMs = nextMs;
      arm();
      (clock.now() - reachedMs > 5000 ? missed : due)(reachedMs);
    });
  };
  arm();
  return { nextMs: () => nextMs, rearm: arm, [Symbol.dispose]: () => cancel() };
}

const services = (missed: "skip" | "run", overlap = "skip") => ({
  shop: serviceConfig.parse({
    command: ["true"],
    backups: [
      {
        name: "data",
        paths: ["/var/lib/shop"],
        schedule: { at: "0 * * * *", missed, overlap },
        verify: { schedule: "0 * * * *" },
        drill: { schedule: "0 * * * *" },
      },
    ],
  }),
});

type Wish = { missed?: "skip" | "run"; overlap?: string; open?: () => number; previous?: HostEvent[] };

function host({ missed = "skip", overlap, open = () => 0, previous }: Wish = {}) {
  const clock = new FakeClock(Date.UTC(2026, 0, 1, 12, 30));
  const { bus, seen } = recordingBus(clock);
  bus.publish(configured("shop"));
  for (const event of previous ?? []) bus.publish(event);
  const times = new BackupTimes(services(missed, overlap), {
    publish: bus.publish,
    open: ({ doing }) => (doing === "create" ? open() : 0),
    clock,
    state: () => bus.state,
    arm: (_cron, told) => everyHour(clock, told),
  });
  const of = <T extends HostEvent["type"]>(type: T): EventData<T>[] =>
    seen.flatMap(({ event }) => (event.type === type ? [event.data as EventData<T>] : []));
  return { bus, clock, times, of, [Symbol.dispose]: () => times[Symbol.dispose]() };
}

const at = (hours: number): string => new Date(Date.UTC(2026, 0, 1, hours)).toISOString();

test("backups are to be made, verified and proven at their times, and everybody knows when next", async () => {
  using shop = host();
  assert.deepEqual(
    shop.of("backup.scheduled").map(({ doing, next }) => [doing, next]),
    [
      ["create", at(13)],
      ["verify", at(13)],
      ["drill", at(13)],
    ],
  );
  await shop.clock.pass(hour);
  assert.deepEqual(
    shop.of("backup.triggered").map(({ doing, due, next, late }) => [doing, due, next, late]),
    [
      ["create", at(13), at(14), false],
      ["verify", at(13), at(14), false],
      ["drill", at(13), at(14), false],
    ],
  );
  assert.deepEqual(shop.bus.state.services.shop?.backups?.data?.schedule?.create, { next: at(14), lastDue: at(13) });
});

test("what was missed while no agent was there is told, and made up for once where that is wanted", () => {
  const previous: HostEvent[] = [
    { type: "backup.scheduled", data: { service: "shop", backup: "data", doing: "create", next: at(9) } },
  ];
  using skipping = host({ previous });
  skipping.times.catchUp();
  assert.deepEqual(
    skipping.of("backup.missed").map(({ doing, from, then }) => [doing, from, then]),
    [["create", at(9), "skip"]],
  );
  assert.deepEqual(skipping.of("backup.triggered"), []);
  using running = host({ missed: "run", previous });
  running.times.catchUp();
  assert.deepEqual(
    running.of("backup.triggered").map(({ doing, late }) => [doing, late]),
    [["create", true]],
  );
});

test("a clock that is set forward makes one backup and not one for each time that was passed over", async () => {
  using shop = host({ missed: "run" });
  shop.clock.jump(5 * hour);
  await shop.clock.pass(60_000);
  const created = shop.of("backup.triggered").filter(({ doing }) => doing === "create");
  assert.deepEqual(
    created.map(({ late }) => late),
    [true],
  );
  assert.equal(shop.of("backup.missed").filter(({ doing }) => doing === "create").length, 1);
});

test("in maintenance nothing is made, and that is told", async () => {
  using shop = host({ missed: "run" });
  const actor = { kind: "cli" as const, name: "local" };
  shop.bus.publish({ type: "maintenance.began", data: { forMs: 3 * hour, actor, reason: "disk" } });
  await shop.clock.pass(hour);
  assert.deepEqual(shop.of("backup.triggered"), []);
  assert.equal(shop.of("backup.missed").length, 3);
});

test("what is due while the one before runs or waits is passed over, and that is told; one may wait if it is to queue", async () => {
  for (const [overlap, most] of [
    ["skip", 1],
    ["queue", 2],
  ] as const) {
    let running = most - 1;
    using shop = host({ overlap, open: () => running });
    const creating = () => shop.of("backup.triggered").filter(({ doing }) => doing === "create");
    await shop.clock.pass(hour);
    assert.equal(creating().length, 1, overlap);
    running = most;
    await shop.clock.pass(hour);
    assert.equal(creating().length, 1, overlap);
    const because = "what was due before it has not ended";
    assert.deepEqual(shop.of("backup.missed"), [
      { service: "shop", backup: "data", doing: "create", from: at(14), to: at(14), because, then: "skip" },
    ]);
    assert.equal(shop.bus.state.services.shop?.backups?.data?.schedule?.create?.next, at(15));
  }
});

test("of a service that is isolated nothing is made, and that is told", async () => {
  using shop = host({ missed: "run" });
  const actor = { kind: "cli" as const, name: "local" };
  const isolated = { service: "shop", actor, reason: "broken into", processes: ["main"] };
  shop.bus.publish({ type: "service.isolated", data: isolated });
  await shop.clock.pass(hour);
  assert.equal(shop.of("backup.triggered").length, 0);
  const [missed] = shop.of("backup.missed");
  assert.equal(missed?.then, "skip");
  assert.match(missed.because, /^it was isolated .*broken into/);
});
