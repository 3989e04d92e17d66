import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { arbitraryEvent, arbitraryEventOf } from "./arbitrary.js";
import {
  decodeEnvelope,
  envelopeOf,
  eventOf,
  isHostEvent,
  seqOf,
  sequenceOf,
  typePrefix,
  type Envelope,
} from "./envelope.js";
import { OstlerError } from "./errors.js";
import { events, type EventType, type HostEvent } from "./events/index.js";

const position = { epoch: "e1", seq: 42, time: "2026-01-02T03:04:05.678Z" };
const ready: HostEvent = { type: "service.ready", data: { service: "web" } };
const enveloped = envelopeOf(ready, "a1", position);
const sent = (envelope: Envelope): unknown => JSON.parse(JSON.stringify(envelope));

test("an event travels as a CloudEvent with its sequence and its severity", () => {
  assert.deepEqual(enveloped, {
    specversion: "1.0",
    id: "e1-42",
    source: "/agents/a1",
    type: "ostler.service.ready",
    subject: "web",
    time: "2026-01-02T03:04:05.678Z",
    datacontenttype: "application/json",
    sequence: "0000000000000042",
    severity: "info",
    data: { service: "web" },
  });
});

test("an event that is about nothing in particular has no subject", () => {
  assert.equal("subject" in envelopeOf({ type: "agent.stopped", data: { reason: "SIGTERM" } }, "a1", position), false);
});

test("an envelope carries how much an operator should care", () => {
  const gaveUp: HostEvent = { type: "service.gave-up", data: { service: "web", process: "main", reason: "enough" } };
  assert.equal(envelopeOf(gaveUp, "a1", position).severity, "error");
});

test("an event of somebody else keeps its own type", () => {
  const { type, severity, subject } = envelopeOf({ type: "app.migrated", data: { service: "web" } }, "a1", position);
  assert.deepEqual([type, severity, subject], ["app.migrated", "info", "web"]);
});

test("every event comes out of its envelope as it went in", () => {
  fc.assert(
    fc.property(arbitraryEvent(), (event) => {
      assert.deepEqual(eventOf(decodeEnvelope(sent(envelopeOf(event, "a1", position)))), event);
    }),
    { numRuns: 500 },
  );
});

test("an event of somebody else comes out of its envelope as it went in, whatever it says", () => {
  const foreign = { type: "app.migrated", data: { service: "", check: 7, nothing: null } };
  assert.deepEqual(eventOf(decodeEnvelope(sent(envelopeOf(foreign, "a1", position)))), foreign);
});

test("an event of a type that is not known is carried on as it is", () => {
  const event = eventOf({ ...enveloped, type: "ostler.future.happened" });
  assert.deepEqual(event, { type: "ostler.future.happened", data: { service: "web" } });
  assert.equal(isHostEvent(event), false);
});

for (const type of Object.keys(events) as EventType[])
  test(`${type} with data of another version's shape is nothing to fold, with or without the prefix`, () => {
    for (const written of [type, typePrefix + type])
      assert.equal(isHostEvent(eventOf({ ...enveloped, type: written, data: { another: "shape" } })), false);
  });

test("what a newer agent adds to an event stays in it", () => {
  fc.assert(
    fc.property(arbitraryEventOf("service.started"), ({ type, data }) => {
      const newer = { ...data, added: { later: true } };
      assert.deepEqual(eventOf({ ...enveloped, type: typePrefix + type, data: newer }), { type, data: newer });
    }),
  );
});

test("a sequence sorts as text as it does as a number, and gives the seq back", () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.maxSafeNat(), (a, b) => {
      assert.equal(seqOf({ sequence: sequenceOf(a) }), a);
      assert.equal(sequenceOf(a) < sequenceOf(b), a < b);
    }),
  );
});

function refusal(value: unknown): string {
  try {
    decodeEnvelope(value);
    return "none";
  } catch (failure) {
    return failure instanceof OstlerError ? failure.code : String(failure);
  }
}

test("what is no envelope is refused as a bad request", () => {
  for (const value of [undefined, null, 7, "text", [], [enveloped], {}, { data: {} }])
    assert.equal(refusal(value), "bad-request", JSON.stringify(value));
});

test("an envelope without one of its members, or with a wrong one, is refused", () => {
  for (const key of Object.keys(enveloped).filter((key) => key !== "subject")) {
    const rest = Object.fromEntries(Object.entries(enveloped).filter(([name]) => name !== key));
    assert.equal(refusal(rest), "bad-request", `without ${key}`);
    for (const wrong of [null, 7, "", [], true])
      assert.equal(refusal({ ...enveloped, [key]: wrong }), "bad-request", `${key}: ${JSON.stringify(wrong)}`);
  }
});

test("a sequence of another length, a time that is none, or another major version of CloudEvents is refused", () => {
  for (const wrong of [
    { sequence: "42" },
    { sequence: "00000000000000042" },
    { time: "yesterday" },
    { specversion: "2.0" },
    { severity: "fatal" },
  ])
    assert.equal(refusal({ ...enveloped, ...wrong }), "bad-request", JSON.stringify(wrong));
});

test("members that are not known stay in the envelope", () => {
  const extended = { ...enveloped, traceparent: "00-1-1-00" };
  assert.deepEqual(decodeEnvelope(extended), extended);
});
