import assert from "node:assert/strict";
import { test } from "node:test";
import { exited, started } from "../../testing/bus.js";
import { PatternsRoom } from "../../testing/patterns-room.js";

const hit = { name: "hit", match: "hit" };

/** A source that reads a file from its beginning. */
function file(more: Record<string, unknown> = {}): Record<string, unknown> {
  return { name: "out", file: "DIR/in", from: "beginning", patterns: [hit], ...more };
}

test("a source that a reload changes goes on with what was counted, and counts none of it twice", async () => {
  await using room = await PatternsRoom.start([file()]);
  const shown = new Map<string, number>();
  room.bus.onSample("shown", (sample) => {
    if (sample.type === "logs.forgotten") shown.delete(sample.source);
    if (sample.type !== "logs.measured") return;
    shown.set(sample.source, (shown.get(sample.source) ?? 0) + sample.lines);
  });
  room.write("in", "hit 1\nhit 2\n");
  await room.until(() => shown.get("out") === 2, "two lines are counted");
  await room.reload([file({ patterns: [hit, { name: "other", match: "other" }] })]);
  room.write("in", "hit 3\n");
  await room.until(() => room.told.length === 3, "the third is told");
  await room.until(() => (shown.get("out") ?? 0) >= 3, "the third is counted");
  assert.equal(shown.get("out"), 3);
});

const records = file({ multiline: { start: "^\\d" }, forward: { file: "DIR/copy" } });

test("a record that waits for its next line is forwarded once, and told whole, although the agent is killed", async () => {
  await using room = await PatternsRoom.start([records]);
  room.write("in", "0 begin\n");
  await room.until(() => room.read("copy") !== "" && room.clock.monotonic() % 1000 === 600, "a tick is near");
  room.write("in", "1 hit\n  first\n");
  await room.until(() => room.read("copy").includes("first"), "it is forwarded", 1);
  await room.saved(1, 1);
  await room.end("killed");
  room.write("in", "  second\n2 end\n");
  await room.begin([records]);
  await room.until(() => room.told.length > 0, "it is told", 1);
  assert.deepEqual(room.events("pattern.matched")[0]?.more, ["  first", "  second"]);
  await room.until(() => room.read("copy").includes("2 end"), "all is forwarded");
  assert.equal(room.read("copy"), room.read("in"));
});

test("a record that was told because it was quiet is not told again by the next agent", async () => {
  await using room = await PatternsRoom.start([records]);
  room.write("in", "1 hit\n  more\n");
  await room.until(() => room.told.length > 0, "it is told");
  await room.saved(0);
  await room.end("killed");
  await room.begin([records]);
  room.write("in", "2 hit\n");
  await room.until(() => room.told.includes("2 hit"), "the next is told");
  assert.deepEqual(room.told, ["1 hit", "2 hit"]);
});

test("how many matches were suppressed is told once, also when the agent is killed after that", async () => {
  const few = file({ patterns: [{ ...hit, limit: { events: 1, per: "2s" } }] });
  await using room = await PatternsRoom.start([few]);
  room.write("in", "hit\n".repeat(5));
  await room.until(() => room.events("pattern.suppressed").length > 0, "it is told");
  await room.clock.pass(100);
  await room.end("killed");
  await room.begin([few]);
  room.write("in", "hit the next\n");
  await room.until(() => room.told.includes("hit the next"), "the next is told");
  await room.clock.pass(5000);
  assert.deepEqual(
    room.events("pattern.suppressed").map(({ count }) => count),
    [4],
  );
});

test("what metrics show of lines has no secrets and is not long", async () => {
  const by = {
    name: "by",
    match: "hit (?<who>\\S+) (?<value>\\d+)",
    rate: { count: 1, window: "1h", by: "who" },
    extract: { metric: "hits", labels: { who: "$who" } },
  };
  await using room = await PatternsRoom.start([file({ patterns: [by] })], ["hunter2"]);
  room.write("in", `hit a-hunter2 1\nhit ${"x".repeat(5000)} 1\n`);
  await room.until(() => room.told.length === 2, "both are told");
  await room.saved();
  const groups = room.samples.flatMap((sample) =>
    sample.type === "logs.measured" ? (sample.patterns.by?.recent ?? []).map(({ group }) => group) : [],
  );
  assert.deepEqual(new Set(groups), new Set(["a-[redacted]", "x".repeat(200)]));
  const series = room.samples.filter(({ type }) => type === "series.scraped");
  assert.match(JSON.stringify(series), /a-\[redacted\]/);
  assert.doesNotMatch(JSON.stringify(series), /hunter2/);
});

test("of a line that is too long it is told that there was more", async () => {
  await using room = await PatternsRoom.start([file()]);
  room.write("in", `hit ${"x".repeat(300_000)}\nhit ${"y".repeat(3000)}\nhit\n`);
  await room.until(() => room.told.length === 3, "all are told");
  assert.deepEqual(
    room.events("pattern.matched").map(({ clipped }) => clipped),
    [true, true, undefined],
  );
});

test("a record is clipped when its line was", async () => {
  await using room = await PatternsRoom.start([file({ multiline: { start: "^\\d" } })]);
  room.write("in", `1 hit ${"x".repeat(300_000)}\n2 hit\n3\n`);
  await room.until(() => room.told.length === 2, "both are told");
  assert.deepEqual(
    room.events("pattern.matched").map(({ clipped }) => clipped),
    [true, undefined],
  );
});

test("a reload while no checkpoint can be saved loses no line and tells none twice", async () => {
  const forwarded = file({ forward: { file: "DIR/copy" } });
  await using room = await PatternsRoom.start([forwarded]);
  room.disk.failing.add("replace");
  room.write("in", "hit 1\nhit 2\n");
  await room.until(() => room.told.length === 2, "two are told");
  await room.reload([{ ...forwarded, patterns: [hit, { name: "other", match: "other" }] }]);
  room.write("in", "hit 3\n");
  await room.until(() => room.told.includes("hit 3"), "the third is told");
  assert.deepEqual(room.told, ["hit 1", "hit 2", "hit 3"]);
  room.disk.failing.clear();
  await room.saved();
  await room.end("killed");
  assert.equal(room.read("copy"), room.read("in"));
  await room.begin([forwarded]);
  room.write("in", "hit 4\n");
  await room.until(() => room.told.includes("hit 4"), "the fourth is told");
  assert.deepEqual(room.told, ["hit 1", "hit 2", "hit 3", "hit 4"]);
});

test("a file that cannot be forwarded to is degraded until a reload forwards elsewhere, or nowhere", async () => {
  await using room = await PatternsRoom.start([file({ forward: { file: "DIR/none/copy" } })]);
  assert.equal(room.degraded.size, 1);
  await room.reload([file({ forward: { file: "DIR/copy" } })]);
  assert.deepEqual([...room.degraded], []);
});

test("what a file could not take goes on to the next one", async () => {
  await using room = await PatternsRoom.start([file({ forward: { file: "/dev/full", max_size: "1MiB" } })]);
  room.write("in", "hit 1\n");
  await room.until(
    () => room.told.length === 1 && room.degraded.size > 0,
    "it is told, and that it cannot be forwarded",
  );
  await room.reload([file({ forward: { file: "DIR/copy" } })]);
  room.write("in", "hit 2\n");
  await room.until(() => room.read("copy").includes("hit 2"), "the next is forwarded");
  assert.equal(room.read("copy"), room.read("in"));
  assert.deepEqual([room.told, room.degraded.size], [["hit 1", "hit 2"], 0]);
});

test("numbers are added up anew when a reload changes their labels or buckets, and go on when it changes nothing of them", async () => {
  const took = (extract: Record<string, unknown>, severity = "info") =>
    file({ patterns: [{ ...hit, match: "hit (?<value>\\d+)", severity, extract: { metric: "took", ...extract } }] });
  const before = { buckets: [1, 10], labels: { app: "a" } };
  await using room = await PatternsRoom.start([took(before)]);
  const shown = (): string[] => {
    const all = room.samples.flatMap((its) => ("families" in its ? [its.families] : []));
    const points = all.at(-1)?.flatMap((family) => family.points) ?? [];
    return points.map(({ labels, value }) => `${labels.app} ${labels.le} ${value}`);
  };
  const counted = (count: number) => room.until(() => shown().at(-1)?.endsWith(` ${count}`), `${count} are shown`);
  room.write("in", "hit 5\n");
  await counted(1);
  await room.reload([took(before, "warning")]);
  room.write("in", "hit 5\n");
  await counted(2);
  await room.reload([took({ buckets: [7], labels: { app: "b" } })]);
  room.samples.length = 0;
  room.write("in", "hit 5\n");
  await counted(1);
  assert.deepEqual(shown(), ["b 7 1", "b +Inf 1", "b undefined 5", "b undefined 1"]);
});

const expected = file({ patterns: [{ ...hit, within: "30s", limit: { events: 1, per: "1h" } }] });

test("a process that is started while the agent begins to look is waited for", async () => {
  await using room = await PatternsRoom.start([]);
  await room.end("stopped");
  room.bus.publish(exited("web"));
  const first = room.disk.hold("replace");
  const begun = room.begin([expected]);
  await first.reached;
  room.bus.publish(started("web"));
  first.release();
  await begun;
  await room.until(() => room.events("pattern.missed").length > 0, "it is told that nothing was written", 1000);
});

test("what was written after a start is known to the next agent, also when it was not told", async () => {
  await using room = await PatternsRoom.start([expected]);
  room.write("in", "hit\n");
  await room.until(() => room.told.length > 0, "it is told");
  await room.clock.pass(1000);
  room.bus.publish(exited("web"));
  room.bus.publish(started("web"));
  room.samples.length = 0;
  room.write("in", "hit\n");
  await room.until(() => room.samples.some((its) => its.type === "logs.measured" && its.lines > 0), "it is read");
  await room.end("stopped");
  await room.begin([expected]);
  await room.clock.pass(60_000);
  assert.deepEqual(room.events("pattern.missed"), []);
});
