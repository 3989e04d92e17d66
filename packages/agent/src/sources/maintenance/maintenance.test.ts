import assert from "node:assert/strict";
import { test } from "node:test";
import { isHostEvent, type HostState } from "@ostler/protocol";
import { Bus, type Published } from "../../core/bus.js";
import { configured, recordingBus } from "../../testing/bus.js";
import { FakeClock } from "../../testing/fake-clock.js";
import { MaintenanceWatch } from "./maintenance.js";

const actor = { kind: "cli", name: "local" } as const;
const minute = 60_000;

/** A watch over one service, and what it told. */
function bench() {
  const clock = new FakeClock();
  const { bus, seen } = recordingBus(clock);
  bus.publish(configured("web"));
  const watch = new MaintenanceWatch({ publish: bus.publish, state: () => bus.state, clock });
  const begin = (minutes: number, service?: string): void =>
    watch.begin(service, { forMs: minutes * minute, actor, reason: "new disk" });
  return { clock, bus, watch, begin, story: () => storyOf(seen) };
}

function storyOf(seen: readonly Published[]): string {
  return seen
    .flatMap(({ event }) => {
      if (!isHostEvent(event)) return [];
      if (event.type === "maintenance.began") return [`began ${event.data.service ?? "host"}`];
      if (event.type === "maintenance.ended") return [`${event.data.because} ${event.data.service ?? "host"}`];
      return [];
    })
    .join(", ");
}

/** What a new agent makes of a state, at its start and after a time. */
function next(state: HostState, clock: FakeClock): () => string {
  const bus = new Bus({ state, agentId: "agent", clock });
  const seen: Published[] = [];
  bus.subscribe("test", (published) => seen.push(published));
  new MaintenanceWatch({ publish: bus.publish, state: () => bus.state, clock });
  return () => storyOf(seen);
}

test("maintenance ends by itself, at its time", () => {
  const { clock, begin, story } = bench();
  begin(150, "web");
  clock.advance(150 * minute - 1);
  assert.equal(story(), "began web");
  clock.advance(1);
  assert.equal(story(), "began web, expired web");
  assert.equal(clock.waiting, 0);
});

test("who begins it again gives it another end", () => {
  const { clock, begin, story } = bench();
  begin(10);
  clock.advance(9 * minute);
  begin(10);
  clock.advance(9 * minute);
  assert.equal(story(), "began host, began host");
  clock.advance(minute);
  assert.equal(story(), "began host, began host, expired host");
});

test("maintenance of a service and of the host end each for itself, and once", () => {
  const { clock, watch, begin, story } = bench();
  begin(10);
  begin(20, "web");
  watch.end(undefined, actor);
  watch.end(undefined, actor);
  clock.advance(30 * minute);
  assert.equal(story(), "began host, began web, ended host, expired web");
});

test("a step of the wall clock neither ends nor extends it", () => {
  for (const step of [-100 * minute, 100 * minute]) {
    const { clock, begin, story } = bench();
    begin(10);
    clock.jump(step);
    clock.advance(10 * minute - 1);
    assert.equal(story(), "began host");
    clock.advance(1);
    assert.equal(story(), "began host, expired host");
  }
});

test("a new agent waits for what is left, and ends at once what is overdue", () => {
  const { clock, bus, begin } = bench();
  begin(10, "web");
  begin(30);
  clock.advance(9 * minute);
  const { state } = bus;
  clock.advance(6 * minute);
  const story = next(state, clock);
  assert.equal(story(), "expired web");
  clock.advance(15 * minute);
  assert.equal(story(), "expired web, expired host");
});

test("a new agent whose wall clock was set back waits no longer than the whole span", () => {
  const { clock, bus, begin } = bench();
  begin(10);
  clock.jump(-1000 * minute);
  const story = next(bus.state, clock);
  clock.advance(10 * minute);
  assert.equal(story(), "expired host");
});

test("a service that is gone has no end to tell, and an unknown one no beginning", () => {
  const { clock, bus, begin, story } = bench();
  begin(10, "web");
  bus.publish({ type: "service.removed", data: { service: "web" } });
  clock.advance(10 * minute);
  assert.equal(story(), "began web");
  assert.throws(() => begin(10, "wbe"), /There is no service "wbe" here/);
});

test("whoever is let go of waits for nothing", () => {
  const { clock, watch, begin } = bench();
  begin(10);
  watch[Symbol.dispose]();
  assert.equal(clock.waiting, 0);
});
