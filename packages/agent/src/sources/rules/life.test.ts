import assert from "node:assert/strict";
import { test } from "node:test";
import type { HostEvent } from "@ostler/protocol";
import { configured, exited, recordingBus, started } from "../../testing/bus.js";
import { lifeOf, youngestRunMs, type Life } from "./life.js";

const stopped = (process: string): HostEvent => ({ type: "service.stopped", data: { service: "web", process } });
const completed: HostEvent = {
  type: "service.completed",
  data: { service: "web", process: "main", because: "it ended well" },
} as HostEvent;
const isolated: HostEvent = {
  type: "service.isolated",
  data: { service: "web", actor: { kind: "cli", name: "local" }, reason: "odd", processes: ["main"] },
};

function web(...story: HostEvent[]) {
  const { bus } = recordingBus();
  for (const event of [configured("web", [], ["main", "side"]), ...story]) bus.publish(event);
  return bus.state.services.web ?? assert.fail();
}

test("a service runs while one of its processes does, and rests when somebody or its own end wanted it", () => {
  const table: [Life, HostEvent[]][] = [
    ["rests", []],
    ["runs", [started("web")]],
    ["runs", [started("web"), started("web", "side"), exited("web", "side")]],
    ["down", [started("web"), exited("web")]],
    ["rests", [started("web"), exited("web"), stopped("main")]],
    ["rests", [started("web"), exited("web"), completed]],
    ["down", [started("web"), started("web", "side"), exited("web"), exited("web", "side"), completed]],
    ["rests", [started("web"), exited("web"), isolated]],
  ];
  for (const [life, story] of table) assert.equal(lifeOf(web(...story)), life, story.map(({ type }) => type).join(" "));
});

test("the youngest run counts, and none where nothing runs", () => {
  assert.equal(youngestRunMs(web()), -Infinity);
  assert.equal(youngestRunMs(web(started("web"))), Date.UTC(2026, 0, 1));
});
