import assert from "node:assert/strict";
import { test } from "node:test";
import type { HostEvent } from "./events/index.js";
import { fold } from "./fold.js";
import { initialState, type ServiceState } from "./state.js";

const ofPattern = { service: "web", pattern: "lost", severity: "warning" } as const;
const configured: HostEvent = { type: "service.configured", data: { service: "web", processes: ["main"], checks: [] } };
const matched = (line: string, captures?: Record<string, string>): HostEvent => ({
  type: "pattern.matched",
  data: { ...ofPattern, source: "output", line, suppressed: 0, key: "k", ...(captures ? { captures } : {}) },
});
const missed: HostEvent = {
  type: "pattern.missed",
  data: { ...ofPattern, process: "main", run: 1, withinMs: 5 },
};
const removed: HostEvent = { type: "pattern.removed", data: { service: "web", pattern: "lost" } };
const actor = { kind: "cli", name: "local" } as const;

function web(...events: HostEvent[]): ServiceState | undefined {
  let state = initialState("e");
  for (const [at, event] of [configured, ...events].entries())
    state = fold(state, event, { epoch: "e", seq: at + 1, time: `2026-01-01T00:00:0${at}.000Z` });
  return state.services.web;
}

test("the last line of a pattern is known, with what it captured, its beginning alone when it is long", () => {
  assert.deepEqual(web(matched("one", { ip: "a" }), matched("x".repeat(500)))?.patterns, {
    lost: { seenAt: "2026-01-01T00:00:02.000Z", line: "x".repeat(200) },
  });
});

test("what was missed stays missed until it is seen, and beside what was seen before", () => {
  const at = { at: "2026-01-01T00:00:02.000Z", process: "main", run: 1 };
  assert.deepEqual(web(matched("one"), missed)?.patterns, {
    lost: { seenAt: "2026-01-01T00:00:01.000Z", line: "one", missed: at },
  });
  assert.equal(web(missed, matched("one"))?.patterns?.lost?.missed, undefined);
});

test("of a pattern that is gone nothing is known, and a service that is not there gets none", () => {
  assert.deepEqual(web(matched("one"), removed)?.patterns, {});
  assert.equal(web({ type: "service.removed", data: { service: "web" } }, matched("one")), undefined);
});

test("debugging has an end, is over before it is ended, and leaves nothing", () => {
  const began: HostEvent = { type: "debug.began", data: { service: "web", forMs: 2000, actor, reason: "why" } };
  const on = { by: actor, since: "2026-01-01T00:00:01.000Z", until: "2026-01-01T00:00:03.000Z", reason: "why" };
  const expired: HostEvent = { type: "debug.expired", data: { service: "web" } };
  assert.deepEqual(web(began)?.debug, on);
  assert.deepEqual(web(began, expired)?.debug, { ...on, isOver: true });
  assert.equal(web(began, { type: "debug.ended", data: { service: "web", actor } })?.debug, undefined);
  assert.equal(web(expired)?.debug, undefined);
});
