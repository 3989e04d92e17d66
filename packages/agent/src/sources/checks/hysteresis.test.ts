import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { judge, unknown, type Standing } from "./hysteresis.js";
import { failed, passed } from "./verdict.js";

/** The standing after each verdict (`+` or `-`): `?` pending, `P` passed, `F` failed. */
function walk(verdicts: string, failures: number, successes: number): string {
  const letters = { pending: "?", passed: "P", failed: "F" };
  let standing: Standing = unknown;
  const steps = verdicts.split("").map((verdict) => {
    standing = judge(standing, verdict === "+" ? passed : failed("no"), { failures, successes });
    return letters[standing.status];
  });
  return steps.join("");
}

test("one verdict is enough where one is asked for", () => {
  assert.equal(walk("+-+-", 1, 1), "PFPF");
});

test("failures count only in a row", () => {
  assert.equal(walk("+--+--+---", 3, 1), "PPPPPPPPPF");
});

test("successes count only in a row", () => {
  assert.equal(walk("+-++-+++", 1, 3), "?FFFFFFP");
});

test("a check is pending until enough verdicts agree", () => {
  assert.equal(walk("-+-+--", 2, 2), "?????F");
  assert.equal(walk("-+-+-+", 2, 2), "??????");
});

test("the number of equal verdicts goes on counting, for whoever asks how bad it is", () => {
  const worse = ["-", "-", "-"].reduce<Standing>(
    (standing) => judge(standing, failed("no"), { failures: 1, successes: 1 }),
    unknown,
  );
  assert.equal(worse.row, 3);
});

test("a change always has as many equal verdicts behind it as are asked for", () => {
  const verdicts = fc.string({ unit: fc.constantFrom("+", "-"), maxLength: 60 });
  fc.assert(
    fc.property(
      verdicts,
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 4 }),
      (text, failures, successes) => {
        const steps = walk(text, failures, successes);
        for (let at = 0; at < text.length; at++) {
          if (steps[at] === (steps[at - 1] ?? "?")) continue;
          const [sign, needed] = steps[at] === "P" ? ["+", successes] : ["-", failures];
          assert.equal(text.slice(at + 1 - needed, at + 1), sign.repeat(needed));
        }
      },
    ),
  );
});
