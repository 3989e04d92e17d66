import assert from "node:assert/strict";
import { test } from "node:test";
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
