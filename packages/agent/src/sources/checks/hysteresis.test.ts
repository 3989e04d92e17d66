import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { judge, unknown, type Standing } from "./hysteresis.js";
import { failed, passed, undecided, warned, type Verdict } from "./verdict.js";

const verdicts: Record<string, Verdict> = {
  "+": passed,
  "!": warned("soon"),
  "-": failed("no"),
  "?": undecided("early"),
};

/** The standing after each verdict (`+`, `-`, `!` for a warning): `?` pending, `P` passed, `W` warned, `F` failed. */
function walk(signs: string, failures: number, successes: number): string {
  const letters = { pending: "?", passed: "P", warned: "W", failed: "F" };
  let standing: Standing = unknown;
  const steps = signs.split("").map((sign) => {
    standing = judge(standing, verdicts[sign] ?? assert.fail(), { failures, successes });
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
  assert.equal(worse.failed, 3);
});

test("a warning passes: who waits for the check waits no longer", () => {
  assert.equal(walk("!!", 3, 1), "WW");
  assert.equal(walk("--!!+", 2, 2), "?FFWW");
});

test("what has passed is warned of only when it is not clean as often as it would take to fail", () => {
  assert.equal(walk("+!!+!!!", 3, 1), "PPPPPPW");
  assert.equal(walk("+!-!", 3, 1), "PPPW");
});

test("a warning goes only when enough clean verdicts follow one another", () => {
  assert.equal(walk("!+!++", 1, 2), "?PWWP");
  assert.equal(walk("+!+", 1, 1), "PWP");
});

test("what is undecided changes nothing, and breaks no row", () => {
  assert.equal(walk("??+", 1, 1), "??P");
  assert.equal(walk("+-?-", 2, 1), "PPPF");
});

test("failing beats warning", () => {
  assert.equal(walk("!!--", 2, 1), "WWWF");
});

test("a change always has as many equal verdicts behind it as are asked for", () => {
  const signs = fc.string({ unit: fc.constantFrom("+", "-"), maxLength: 60 });
  fc.assert(
    fc.property(signs, fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 }), (text, failures, successes) => {
      const steps = walk(text, failures, successes);
      for (let at = 0; at < text.length; at++) {
        if (steps[at] === (steps[at - 1] ?? "?")) continue;
        const [sign, needed] = steps[at] === "P" ? ["+", successes] : ["-", failures];
        assert.equal(text.slice(at + 1 - needed, at + 1), sign.repeat(needed));
      }
    }),
  );
});
