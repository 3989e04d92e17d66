import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { arbitraryEventOf } from "../arbitrary.js";
import { events, isEventType, type EventType, type HostEvent } from "./index.js";
import { isUrgent, severityOf, subjectOf } from "./traits.js";

const types = Object.keys(events) as EventType[];

function example(type: EventType): HostEvent {
  const [event] = fc.sample(arbitraryEventOf(type), { numRuns: 1, seed: 1 });
  assert.ok(event);
  return event;
}

for (const type of types)
  test(`${type} has a severity and a description, and is named in the past tense`, () => {
    assert.ok(["info", "warn", "error", "critical"].includes(severityOf(example(type))));
    assert.match(events[type].description ?? "", /^[A-Z].*\.$/);
    assert.match(type, /^[a-z]+\.([a-z]+-)*([a-z]*(ed|lost|seen)|began|pending|ready|unready|unreachable|gave-up)$/);
  });

test("an end that was asked for is no warning, and one that was not is", () => {
  const exited = (expected: boolean): HostEvent => {
    const event = example("service.exited");
    return { ...event, data: { ...event.data, expected } } as HostEvent;
  };
  assert.deepEqual([severityOf(exited(true)), severityOf(exited(false))], ["info", "warn"]);
});

test("only a command that succeeded is no warning", () => {
  const finished = (outcome: string): HostEvent =>
    ({ ...example("command.finished"), data: { ...example("command.finished").data, outcome } }) as HostEvent;
  assert.deepEqual(
    ["succeeded", "failed", "expired", "cancelled", "interrupted"].map((outcome) => severityOf(finished(outcome))),
    ["info", "warn", "warn", "warn", "warn"],
  );
});

test("what happens to the host is on disk at once; checks, rules, controllers and what others publish within a second", () => {
  const lazy = types.filter((type) => !isUrgent(type)).map((type) => type.split(".")[0]);
  assert.deepEqual([...new Set(lazy)], ["check", "rule", "host", "controller"]);
  assert.equal(isUrgent("app.migrated"), false);
});

test("the subject of an event is its service, or its check within the service", () => {
  assert.equal(subjectOf({ data: { service: "web" } }), "web");
  assert.equal(subjectOf({ data: { service: "web", check: "up" } }), "web/up");
  assert.equal(subjectOf({ data: { service: "web", process: "main" } }), "web");
});

test("an event about no service has no subject", () => {
  for (const data of [{}, { check: "up" }, { service: 7 }, { service: null }, { service: "" }])
    assert.equal(subjectOf({ data }), undefined, JSON.stringify(data));
});

test("only types of the catalogue are event types, whatever every object has", () => {
  assert.deepEqual(
    ["service.started", "ostler.service.started", "app.migrated", "constructor", "__proto__"].map(isEventType),
    [true, false, false, false, false],
  );
});
