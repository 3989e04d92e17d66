import assert from "node:assert/strict";
import { test } from "node:test";
import { isHostEvent, type HostEvent, type HostState, type Labels } from "@ostler/protocol";
import { Bus, type Published } from "../../core/bus.js";
import type { Reading, Sight } from "../../core/series.js";
import { systemClock } from "../../core/clock.js";
import { serviceConfig } from "../../config/services.js";
import { configured, exited, recordingBus, started } from "../../testing/bus.js";
import { FakeClock } from "../../testing/fake-clock.js";
import { until } from "../../testing/until.js";
import { Rules } from "./rules.js";

const actor = { kind: "cli", name: "local" } as const;
const everyMs = 15_000;

const config = (...rules: object[]) => ({
  everyMs,
  services: { web: serviceConfig.parse({ command: ["x"], rules }) },
});

/** What a test lets the rules see: by metric, a number, numbers by the value of the label `q`, or why there is nothing; or all of it. */
type Shown = Record<string, number | Record<string, number> | "unreachable" | Sight>;

/** A service with rules, looked at every 15 s by a clock that a test drives. */
function host(...rules: object[]) {
  const clock = new FakeClock();
  const { bus, seen } = recordingBus(clock);
  for (const event of [configured("web"), started("web")]) bus.publish(event);
  return live(bus, seen, clock, rules);
}

function live(bus: Bus, seen: Published[], clock: FakeClock, rules: object[]) {
  let shown: Shown = {};
  const degraded: string[] = [];
  const room = Rules.start(config(...rules), {
    publish: bus.publish,
    clock,
    state: () => bus.state,
    look: (metric) => sightOf(shown[metric], metric, clock),
    degraded: (part, reason) => degraded.push(`${part}: ${reason}`),
    recovered: (part) => degraded.push(`${part} recovered`),
  });
  const from = seen.length;
  const look = (next: Shown, times = 1): void => {
    shown = next;
    clock.advance(times * everyMs);
  };
  return {
    bus,
    clock,
    room,
    degraded,
    /** Shows something for so many looks. */
    look,
    events: () => seen.slice(from).flatMap(({ event }) => (isHostEvent(event) ? [event] : [])),
    told: () => seen.slice(from).flatMap(({ event }) => (isHostEvent(event) ? wordsOf(event) : [])),
    reload: (...next: object[]) => room.prepare(config(...next)).commit(new AbortController().signal),
    /** A new agent with the same state. */
    again: (...next: object[]) => {
      room[Symbol.dispose]();
      return succeed(bus.state, clock, next);
    },
  };
}

function succeed(state: HostState, clock: FakeClock, rules: object[]) {
  const bus = new Bus({ state, agentId: "agent", clock });
  const seen: Published[] = [];
  bus.subscribe("recorder", (published) => seen.push(published));
  const next = live(bus, seen, clock, rules);
  return { ...next, told: () => seen.flatMap(({ event }) => (isHostEvent(event) ? wordsOf(event) : [])) };
}

function sightOf(shown: Shown[string] | undefined, metric: string, clock: FakeClock): Sight {
  if (shown === undefined) return { is: "absent", reason: `there is no ${metric}` };
  if (shown === "unreachable") return { is: "unreachable", reason: "nobody answers" };
  const reading = (labels: Labels, value: number): Reading => ({ labels, value, atMs: clock.now() });
  if (isSight(shown)) return shown;
  if (typeof shown === "number") return { is: "seen", readings: [reading({ service: "web" }, shown)] };
  return { is: "seen", readings: Object.entries(shown).map(([q, value]) => reading({ service: "web", q }, value)) };
}

function isSight(shown: Shown[string]): shown is Sight {
  return typeof shown === "object" && typeof shown.is === "string";
}

/** `pending deep`, `fired deep q=a`, `resolved deep passed`, `blinded deep absent`. */
function wordsOf({ type, data }: HostEvent): string[] {
  const [subject, verb] = type.split(".");
  if (subject !== "alert" && subject !== "rule") return [];
  const { rule, labels, because, fired } = data as Record<string, string> & { labels?: Labels };
  const which = Object.values(labels ?? {}).map((value) => `q=${value}`);
  return [
    [verb, rule, ...which, ...(fired === undefined ? [] : [fired ? "fired" : "unfired"]), because]
      .filter(Boolean)
      .join(" "),
  ];
}

const deep = { name: "deep", expr: { metric: "queue", op: ">", value: 10 }, for: "30s" };
const at = { name: "at", expr: { metric: "queue", op: ">", value: 10 } };

test("an alert is pending, fires when it has held for long enough, and is resolved at the first look at which it does not hold", () => {
  const { look, told, events, bus } = host({
    ...deep,
    summary: "{{ $value }} wait",
    runbook: "http://wiki/queue",
    severity: "critical",
  });
  look({ queue: 10 });
  assert.deepEqual(told(), []);
  look({ queue: 11 }, 2);
  assert.deepEqual(told(), ["pending deep"]);
  look({ queue: 12 });
  assert.deepEqual(told(), ["pending deep", "fired deep"]);
  assert.deepEqual(events().at(-1)?.data, {
    service: "web",
    rule: "deep",
    severity: "critical",
    summary: "12 wait",
    value: 12,
    runbook: "http://wiki/queue",
  });
  assert.equal(bus.state.services.web?.alerts.deep?.state, "firing");
  look({ queue: 3 }, 3);
  assert.deepEqual(told().slice(2), ["resolved deep fired passed"]);
  assert.deepEqual(bus.state.services.web?.alerts, {});
});

test("without a time to hold it fires at once, and what holds no more in time never fires", () => {
  const { look, told } = host(deep, at);
  look({ queue: 11 });
  look({ queue: 9 }, 4);
  assert.deepEqual(told(), ["pending deep", "fired at", "resolved deep unfired passed", "resolved at fired passed"]);
});

test("each series has an alert of its own, and one that is gone is over", () => {
  const { look, told } = host(at);
  look({ queue: { a: 11, b: 9, c: 12 } });
  look({ queue: { a: 11, b: 11 } });
  assert.deepEqual(told(), ["fired at q=a", "fired at q=c", "resolved at q=c fired passed", "fired at q=b"]);
});

test("an aggregate makes one alert of all series", () => {
  const { look, told, events } = host({ name: "all", expr: { metric: "queue", aggregate: "sum", op: ">", value: 10 } });
  look({ queue: { a: 6, b: 6 } });
  assert.deepEqual(told(), ["fired all"]);
  assert.equal((events().at(-1)?.data as { value: number }).value, 12);
});

test("absent is neither well nor unwell: the alert stays, and the rule is told to be blind after a grace", () => {
  const { look, told, bus } = host(at);
  look({ queue: 11 });
  look({}, 2);
  assert.deepEqual(told(), ["fired at"]);
  look({});
  assert.deepEqual(told(), ["fired at", "blinded at absent"]);
  look({ queue: "unreachable" }, 5);
  assert.deepEqual(told().slice(2), ["blinded at unreachable"]);
  assert.equal(bus.state.services.web?.alerts.at?.state, "firing");
  look({ queue: 12 });
  assert.deepEqual(told().slice(3), ["restored at"]);
  look({ queue: 0 });
  assert.deepEqual(told().slice(4), ["resolved at fired passed"]);
});

test("a metric that is there again within the grace was never missed", () => {
  const { look, told } = host(at);
  for (let round = 0; round < 3; round++) {
    look({}, 2);
    look({ queue: 1 });
  }
  assert.deepEqual(told(), []);
});

test("a rule that is blind for one reason after the other is blind, and told once", () => {
  const { look, told } = host(at);
  for (let round = 0; round < 5; round++) {
    look({});
    look({ queue: "unreachable" });
  }
  assert.deepEqual(told(), ["blinded at absent"]);
  look({ queue: 1 });
  look({});
  look({ queue: "unreachable" });
  assert.deepEqual(told().slice(1), ["restored at"]);
});

test("nobody expects to see anything of a service that does not run", () => {
  const { look, told, bus } = host(at);
  bus.publish(exited("web"));
  look({}, 10);
  assert.deepEqual(told(), []);
  bus.publish(started("web"));
  look({}, 3);
  assert.deepEqual(told(), ["blinded at absent"]);
});

test("what is seen of a service that is down is judged all the same", () => {
  const { look, told, bus } = host(at);
  bus.publish(exited("web"));
  look({ queue: 11 });
  assert.deepEqual(told(), ["fired at"]);
});

test("the rules of a service that was stopped rest, those of one that is being restarted do not", () => {
  const { look, told, bus } = host(at, deep);
  look({ queue: 11 });
  bus.publish({ type: "service.stopped", data: { service: "web", process: "main" } });
  look({});
  assert.deepEqual(told(), ["fired at", "pending deep"]);
  look({}, 5);
  assert.deepEqual(told().slice(2), ["resolved at fired rests", "resolved deep unfired rests"]);
  bus.publish(started("web"));
  look({ queue: 11 });
  assert.deepEqual(told().slice(4), ["fired at", "pending deep"]);
});

test("a rule that was told to be blind is so no more when its service rests, and is told again when it is blind again", () => {
  const { look, told, bus } = host(at);
  look({}, 3);
  bus.publish({ type: "service.stopped", data: { service: "web", process: "main" } });
  look({}, 5);
  assert.deepEqual(told(), ["blinded at absent", "restored at"]);
  assert.deepEqual(bus.state.services.web?.rules, {});
  bus.publish(started("web"));
  look({}, 3);
  assert.deepEqual(told().slice(2), ["blinded at absent"]);
});

test("while people work on it nothing fires; what still holds afterwards fires then", () => {
  for (const service of ["web", undefined]) {
    const { look, told, bus } = host(at, deep);
    bus.publish({
      type: "maintenance.began",
      data: { ...(service === undefined ? {} : { service }), forMs: 1e9, actor, reason: "new disk" },
    });
    look({ queue: 11 }, 5);
    assert.deepEqual(told(), ["pending at", "pending deep"]);
    bus.publish({
      type: "maintenance.ended",
      data: { ...(service === undefined ? {} : { service }), because: "expired" },
    });
    look({ queue: 11 });
    assert.deepEqual(told().slice(2), ["fired at", "fired deep"]);
  }
});

test("what fires when maintenance begins goes on firing, and is resolved in it", () => {
  const { look, told, bus } = host(at);
  look({ queue: 11 });
  bus.publish({ type: "maintenance.began", data: { forMs: 1e9, actor, reason: "new disk" } });
  look({ queue: 11 }, 3);
  look({ queue: 1 });
  assert.deepEqual(told(), ["fired at", "resolved at fired passed"]);
});

test("a new agent goes on with what fires and what is pending, and ends what has no rule any more", () => {
  const before = host({ ...deep, for: "1m" }, at, { ...at, name: "gone" }, { ...at, name: "grave" });
  before.look({ queue: 11 }, 2);
  const next = before.again({ ...deep, for: "1m" }, at, { ...at, name: "grave", severity: "critical" });
  assert.deepEqual(next.told(), ["resolved grave fired removed", "resolved gone fired removed"]);
  next.look({ queue: 11 }, 2);
  assert.deepEqual(next.told().slice(2), ["fired grave"]);
  next.look({ queue: 11 });
  assert.deepEqual(next.told().slice(3), ["fired deep"]);
  next.look({ queue: 1 });
  assert.deepEqual(next.told().slice(4).sort(), [
    "resolved at fired passed",
    "resolved deep fired passed",
    "resolved grave fired passed",
  ]);
});

test("a wall clock that is set makes nothing fire early or late", () => {
  for (const stepMs of [3_600_000, -3_600_000]) {
    const { look, told, clock } = host(deep, {
      name: "fast",
      expr: { rate: { metric: "n", window: "1m" }, op: ">", value: 2 },
    });
    look({ queue: 11, n: 10 });
    clock.jump(stepMs);
    look({ queue: 11, n: 25 });
    look({ queue: 11, n: 40 });
    assert.deepEqual(told(), ["pending deep", "fired deep"]);
  }
});

test("a reload ends the alerts of rules that changed or are gone, and leaves the others alone", async () => {
  const { look, told, reload } = host(at, deep, { ...at, name: "gone" });
  look({ queue: 11 });
  await reload(at, { ...deep, for: "1m" });
  assert.deepEqual(told().slice(3), ["resolved deep unfired removed", "resolved gone fired removed"]);
  look({ queue: 11 });
  assert.deepEqual(told().slice(5), ["pending deep"]);
  await reload();
  assert.deepEqual(told().slice(6), ["resolved at fired removed", "resolved deep unfired removed"]);
});

test("a rate rule keeps what it has measured over a reload that changes another one", async () => {
  const fast = { name: "fast", expr: { rate: { metric: "n", window: "1m" }, op: ">", value: 2 } };
  const { look, told, reload } = host(fast, at);
  look({ n: 0, queue: 0 });
  await reload(fast);
  look({ n: 180 });
  assert.deepEqual(told(), ["fired fast"]);
});

const worse = { name: "worse", expr: { regression: { metric: "took", more_than: "10%" } } };

test("a regression is blind without a baseline, and compares with the one that it gets", () => {
  const { look, told, room, bus } = host(worse, at);
  look({ took: 100, queue: 0 }, 3);
  assert.deepEqual(told(), ["blinded worse no-baseline"]);
  assert.equal(room.baseline({ service: "web", rule: "worse" }, actor), 100);
  look({ took: 110, queue: 0 });
  assert.deepEqual(told().slice(1), ["baselined worse", "restored worse"]);
  look({ took: 110.5, queue: 0 });
  assert.deepEqual(told().slice(3), ["fired worse"]);
  room.baseline({ service: "web", rule: "worse", value: 200 }, actor);
  assert.equal(bus.state.services.web?.rules.worse?.baseline?.value, 200);
  look({ took: 110.5, queue: 0 });
  assert.deepEqual(told().slice(4), ["baselined worse", "resolved worse fired passed"]);
});

test("a baseline needs a rule that compares, and one value", () => {
  const { look, room } = host(worse, at);
  const set = (rule: string, service = "web") => room.baseline({ service, rule }, actor);
  assert.throws(() => set("wrse"), /There is no rule of web "wrse" here. Known: worse, at/);
  assert.throws(() => set("worse", "wbe"), /There is no rule of wbe/);
  assert.throws(() => set("at"), /compares with no baseline/);
  assert.throws(() => set("worse"), /has no value now: there is no took/);
  look({ took: { a: 1, b: 2 } });
  assert.throws(() => set("worse"), /it sees 2 series instead of one/);
});

test("a baseline is kept as long as the rule measures the same", async () => {
  const { room, reload, told, bus } = host(worse);
  room.baseline({ service: "web", rule: "worse", value: 100 }, actor);
  await reload({ ...worse, for: "1m" });
  assert.equal(bus.state.services.web?.rules.worse?.baseline?.value, 100);
  await reload({ ...worse, expr: { regression: { metric: "size", more_than: "10%" } } });
  assert.deepEqual(told(), ["baselined worse", "removed worse"]);
});

test("a baseline outlives an agent, but not a rule that measures something else when the next one comes", () => {
  const regression = (metric: string, labels = {}) => ({
    name: "worse",
    expr: { regression: { metric, labels, more_than: "10%" } },
  });
  const set = () => {
    const before = host(regression("took", { b: "1", a: "2" }));
    before.look({ took: { a: 100 } });
    before.room.baseline({ service: "web", rule: "worse" }, actor);
    return before;
  };
  const same = set().again({ ...regression("took", { a: "2", b: "1" }), for: "1m" });
  assert.deepEqual([same.bus.state.services.web?.rules.worse?.baseline?.of, same.told()], ['took{a="2",b="1"}', []]);
  const others = [regression("size", { a: "2", b: "1" }), regression("took"), { ...at, name: "worse" }];
  for (const other of others) {
    const next = set().again(other);
    assert.deepEqual([next.told(), next.bus.state.services.web?.rules], [["removed worse"], {}]);
  }
  const next = set().again(regression("size"));
  next.look({ size: 1000 }, 3);
  assert.deepEqual(next.told(), ["removed worse", "blinded worse no-baseline"]);
});

test("a ratio is quiet without volume, and tells a share", () => {
  const failing = {
    name: "failing",
    expr: {
      ratio: { of: { metric: "bad" }, to: { metric: "all" }, window: "1m", min_volume: 10 },
      op: ">",
      value: "5%",
    },
  };
  const { look, told, events } = host(failing);
  look({ bad: 0, all: 0 });
  look({ bad: 2, all: 4 });
  assert.deepEqual(told(), []);
  look({ bad: 3, all: 40 });
  assert.deepEqual(told(), ["fired failing"]);
  assert.equal((events().at(-1)?.data as { value: number }).value.toFixed(12), "0.075000000000");
});

test("a rhythm that stops or quickens is told, and the beginning is not", () => {
  const rule = { name: "beat", expr: { cadence: { metric: "n", every: "60s", tolerance: "20s" } } };
  const { look, told, events } = host(rule);
  for (const n of [2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4]) look({ n });
  assert.deepEqual(told(), []);
  look({ n: 4 }, 2);
  assert.deepEqual(told(), ["fired beat"]);
  assert.match(JSON.stringify(events().at(-1)?.data), /n does not rise every 1m ± 20s: 0 rises/);
  look({ n: 5 });
  look({ n: 6 });
  assert.deepEqual(told().slice(1), ["resolved beat fired passed", "fired beat"]);
  assert.match(JSON.stringify(events().at(-1)?.data), /2 rises/);
});

test("a rhythm that nobody sees is neither late nor kept: the rule is told to be blind", () => {
  const rule = { name: "beat", expr: { cadence: { metric: "n", every: "60s", tolerance: "20s" } } };
  const { look, told } = host(rule);
  look({ n: 2 }, 3);
  look({ n: "unreachable" }, 3);
  assert.deepEqual(told(), ["blinded beat unreachable"]);
  look({ n: "unreachable" }, 5);
  look({ n: 3 });
  assert.deepEqual(told().slice(1), ["restored beat"]);
});

test("the rhythm of a series that is gone while others are there is over", () => {
  const { look, told } = host({ name: "beat", expr: { cadence: { metric: "n", every: "60s", tolerance: "20s" } } });
  look({ n: { a: 1, b: 1 } }, 2);
  for (let b = 2; b < 6; b++) {
    look({ n: { b } });
    look({ n: { b } }, 3);
  }
  assert.deepEqual(told(), []);
});

test("several conditions are known as soon as one decides", () => {
  const [low, high] = [
    { metric: "a", op: "<", value: 1 },
    { metric: "b", op: ">", value: 1 },
  ];
  const { look, told } = host(
    { name: "both", expr: { all: [low, high] } },
    { name: "one", expr: { any: [low, high] } },
  );
  look({ a: 5 }, 4);
  assert.deepEqual(told(), ["blinded one absent"]);
  look({ a: 0, b: 0 });
  assert.deepEqual(told().slice(1), ["restored one", "fired one"]);
  look({ a: 0, b: 2 });
  assert.deepEqual(told().slice(3), ["fired both"]);
  look({ a: 0 }, 3);
  assert.deepEqual(told().slice(4), ["blinded both absent"]);
});

test("absent fires where there is no series, and nobody knows where nothing answers", () => {
  const { look, told } = host({ name: "none", expr: { absent: { metric: "a" } } });
  look({});
  look({ a: "unreachable" }, 3);
  assert.deepEqual(told(), ["fired none", "blinded none unreachable"]);
  look({ a: 1 });
  assert.deepEqual(told().slice(2), ["restored none", "resolved none fired passed"]);
});

test("too few measurements are told only when the window has passed", () => {
  const { look, told } = host({ name: "fast", expr: { rate: { metric: "n", window: "5s" }, op: ">", value: 2 } });
  look({ n: 1 }, 2);
  assert.deepEqual(told(), []);
  look({ n: 1 }, 2);
  assert.deepEqual(told(), ["blinded fast too-few"]);
});

test("a window that a reload adds or widens has its time before it is told to measure too little", async () => {
  const fast = (window: string, name: string) => ({ name, expr: { rate: { metric: "n", window }, op: ">", value: 2 } });
  const level = { name: "level", expr: { metric: "n", op: ">", value: 2 } };
  const { look, told, reload, clock } = host(level);
  look({ n: 1 }, 20);
  const still: Sight = { is: "seen", readings: [{ labels: { service: "web" }, value: 1, atMs: clock.now() }] };
  await reload(level, fast("1m", "added"));
  look({ n: still }, 3);
  assert.deepEqual(told(), []);
  look({ n: still }, 3);
  assert.deepEqual(told(), ["blinded added too-few"]);
  await reload(level, fast("1m", "added"), fast("2m", "wider"));
  look({ n: still }, 7);
  assert.deepEqual(told().slice(1), []);
  look({ n: still }, 3);
  assert.deepEqual(told().slice(1), ["blinded wider too-few"]);
});

test("a rule raises no more alerts than it may, tells that once, and keeps those that it has", () => {
  const { look, told, degraded, bus } = host(at);
  const queues = (count: number, from = 0) =>
    Object.fromEntries(Array.from({ length: count }, (_, n) => [`q${from + n}`, 11]));
  look({ queue: queues(130, 10) });
  look({ queue: { ...queues(10), ...queues(130, 10) } });
  assert.equal(Object.keys(bus.state.services.web?.alerts ?? {}).length, 100);
  assert.equal(told().length, 100);
  assert.deepEqual(degraded, ["rule web/at: 30 alerts more than there is room for; give it labels or an aggregate"]);
  look({ queue: queues(50) });
  assert.deepEqual(degraded.slice(1), ["rule web/at recovered"]);
});

test("a rule that rests or is blind looks past nothing, and that is told", () => {
  const many = Object.fromEntries(Array.from({ length: 1001 }, (_, n) => [`q${n}`, 1]));
  const risen = { name: "risen", expr: { increase: { metric: "n", window: "1m" }, op: ">", value: 1e9 } };
  const deep = Object.fromEntries(Object.keys(many).map((q) => [q, 11]));
  const { look, degraded, bus } = host(at, risen);
  const told = (): string[] =>
    degraded
      .splice(0)
      .map((text) => text.replace(/:.*/, ""))
      .sort();
  look({ queue: deep, n: many });
  assert.deepEqual(told(), ["rule web/at", "rule web/risen"]);
  look({ queue: "unreachable", n: "unreachable" });
  assert.deepEqual(told(), ["rule web/at recovered", "rule web/risen recovered"]);
  look({ queue: deep, n: many });
  assert.deepEqual(told(), ["rule web/at", "rule web/risen"]);
  bus.publish({ type: "service.stopped", data: { service: "web", process: "main" } });
  look({}, 2);
  assert.deepEqual(told(), ["rule web/at recovered", "rule web/risen recovered"]);
});

test("whoever is let go of waits for nothing", () => {
  const { room, clock, look } = host(at);
  look({ queue: 1 });
  room[Symbol.dispose]();
  room[Symbol.dispose]();
  assert.equal(clock.waiting, 0);
});

test("many rules leave room for others in between", async () => {
  const { bus } = recordingBus(systemClock);
  for (const event of [configured("web"), started("web")]) bus.publish(event);
  let looks = 0;
  let mostAtOnce = 0;
  let sinceBreath = 0;
  const rules = Array.from({ length: 50 }, (_, n) => ({ name: `r${n}`, expr: { metric: `m${n}`, op: ">", value: 1 } }));
  const look = (): Sight => {
    looks++;
    mostAtOnce = Math.max(mostAtOnce, ++sinceBreath);
    const end = performance.now() + 1;
    while (performance.now() < end);
    return { is: "seen", readings: [{ labels: {}, value: 0, atMs: Date.now() }] };
  };
  const deps = { publish: bus.publish, clock: systemClock, state: () => bus.state, look };
  using room = Rules.start({ ...config(...rules), everyMs: 20 }, { ...deps, degraded: () => {}, recovered: () => {} });
  const breathe = setInterval(() => (sinceBreath = 0), 0);
  const breatheToo = (): void => {
    sinceBreath = 0;
    if (looks < 100) setImmediate(breatheToo);
  };
  setImmediate(breatheToo);
  await until(() => looks >= 100, "two rounds are over");
  clearInterval(breathe);
  room[Symbol.dispose]();
  assert.ok(mostAtOnce <= 3, `${mostAtOnce} rules were looked at without a break`);
});

test("a rule that breaks is told of once, and keeps no other from being evaluated", () => {
  const broken = { name: "broken", expr: { metric: "odd", op: ">", value: 1 } };
  const deep = { name: "deep", expr: { metric: "depth", op: ">", value: 1 } };
  const { look, told, degraded } = host(broken, deep);
  const nonsense = { is: "seen", readings: undefined } as unknown as Sight;
  look({ odd: nonsense, depth: 2 }, 2);
  assert.deepEqual(told(), ["fired deep"]);
  assert.equal(degraded.length, 1);
  assert.match(degraded[0] ?? "", /^evaluation of web\/broken: /);
  look({ odd: 0, depth: 0 });
  assert.equal(degraded[1], "evaluation of web/broken recovered");
  assert.equal(told().length, 2);
});

test("a rule that breaks and then leaves the configuration is no longer told of", async () => {
  const { look, reload, degraded } = host({ name: "broken", expr: { metric: "odd", op: ">", value: 1 } });
  look({ odd: { is: "seen", readings: undefined } as unknown as Sight });
  await reload();
  assert.equal(degraded[1], "evaluation of web/broken recovered");
});
