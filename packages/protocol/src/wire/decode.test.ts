import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type * as z from "zod";
import { arbitraryOf } from "../arbitrary.js";
import { OstlerError } from "../errors.js";
import { decodeAgentFrame, decodeControllerFrame } from "./decode.js";
import { agentFrames, controllerFrames, maxFrameBytes } from "./frames.js";

const sides: { name: string; frames: Record<string, z.ZodType>; decode: (json: string) => unknown }[] = [
  { name: "an agent", frames: agentFrames, decode: decodeAgentFrame },
  { name: "a controller", frames: controllerFrames, decode: decodeControllerFrame },
];

for (const { name, frames, decode } of sides) {
  for (const [kind, schema] of Object.entries(frames)) {
    test(`a frame ${kind} of ${name} arrives as it was sent`, () => {
      fc.assert(
        fc.property(arbitraryOf(schema), (frame) => assert.deepEqual(decode(JSON.stringify(frame)), frame)),
        { numRuns: 50 },
      );
    });

    test(`a frame ${kind} of ${name} may have fields that are not known; they are ignored`, () => {
      fc.assert(
        fc.property(arbitraryOf(schema), (frame) => {
          assert.deepEqual(decode(JSON.stringify({ ...(frame as object), unheard_of: [1] })), frame);
        }),
        { numRuns: 10 },
      );
    });

    test(`a frame ${kind} of ${name} with a wrong field is a bad request`, () => {
      fc.assert(
        fc.property(arbitraryOf(schema), (frame) => {
          const fields = Object.keys(frame as object).filter(
            (field) => field !== "t" && !anything.includes(`${kind}.${field}`),
          );
          for (const field of fields)
            assert.equal(
              refusal(decode, JSON.stringify({ ...(frame as object), [field]: null })),
              "bad-request",
              field,
            );
        }),
        { numRuns: 10 },
      );
    });
  }

  test(`text that is no JSON object is no frame of ${name}`, () => {
    for (const text of [
      "",
      "{",
      "nonsense",
      "null",
      "7",
      '"text"',
      "[]",
      '[{"t":"bye","reason":""}]',
      "{}",
      '{"t":7}',
      '{"t":null}',
      '{"t":["bye"]}',
      "\u0000",
    ])
      assert.equal(refusal(decode, text), "bad-request", text);
  });

  test(`a frame of ${name} of a kind that is not known says so, whatever every object has`, () => {
    for (const kind of ["unheard_of", "", "constructor", "__proto__", "toString", "BYE"])
      assert.equal(refusal(decode, JSON.stringify({ t: kind })), "unknown-kind", kind);
  });

  test(`garbage from ${name} is refused with a code, never with anything else`, () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.json()), (text) => {
        assert.ok(/^(bad-request|unknown-kind|none: .*)$/s.test(refusal(decode, text)), text);
      }),
    );
  });

  test(`whatever ${name} sends, the refusal is short`, () => {
    const long = "x".repeat(maxFrameBytes);
    const many = Array.from({ length: 100_000 }, () => "x");
    for (const text of [
      long,
      `{"t":"${long}"}`,
      JSON.stringify({ t: "bye", reason: many }),
      JSON.stringify({ t: "hello", proto: many }),
      JSON.stringify({ t: "welcome", events: many.map(() => 1) }),
    ])
      assert.ok(thrown(decode, text).message.length < 1000, text.slice(0, 40));
  });
}

/** Fields that may be anything at all. */
const anything = ["cmd_result.data"];

function thrown(decode: (json: string) => unknown, text: string): Error {
  try {
    return new Error(`none: ${JSON.stringify(decode(text))}`);
  } catch (failure) {
    return failure as Error;
  }
}

/** The code of the refusal, or what happened instead. */
function refusal(decode: (json: string) => unknown, text: string): string {
  const failure = thrown(decode, text);
  return failure instanceof OstlerError ? failure.code : failure.message;
}

test("what a controller leaves out of its frames has a default", () => {
  assert.deepEqual(
    decodeControllerFrame('{"t":"welcome","proto":1,"controller":{"id":"c","name":"C","version":"1"}}'),
    {
      t: "welcome",
      proto: 1,
      controller: { id: "c", name: "C", version: "1" },
      heartbeat_s: 30,
      window: { events: 4096, bytes: 4 * 1024 * 1024 },
      events: [],
    },
  );
  assert.deepEqual(decodeControllerFrame('{"t":"cmd","id":"1","name":"service.start"}'), {
    t: "cmd",
    id: "1",
    name: "service.start",
    args: {},
  });
  assert.deepEqual(decodeControllerFrame('{"t":"logs_open","id":"1","service":"web"}'), {
    t: "logs_open",
    id: "1",
    service: "web",
    last: 0,
  });
});

test("a frame of the other side is not known", () => {
  assert.equal(refusal(decodeControllerFrame, '{"t":"hello"}'), "unknown-kind");
  assert.equal(refusal(decodeAgentFrame, '{"t":"want_state"}'), "unknown-kind");
});
