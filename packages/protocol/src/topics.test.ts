import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { matchesGlob, matchesTopic } from "./topics.js";

function check(glob: string, { yes, no }: { yes: string[]; no: string[] }): void {
  assert.deepEqual(
    yes.filter((name) => !matchesGlob(glob, name)),
    [],
    `${glob} must match`,
  );
  assert.deepEqual(
    no.filter((name) => matchesGlob(glob, name)),
    [],
    `${glob} must not match`,
  );
}

test("a star stands for any run of characters, also for none", () => {
  check("service.*", { yes: ["service.start", "service."], no: ["service", "services.start", "a.service.start"] });
  check("*.restart", { yes: ["service.restart", ".restart"], no: ["service.restarted", "restart"] });
  check("a*b*c", { yes: ["abc", "a-b-c", "abbcc", "a.bc.bc"], no: ["acb", "ab", "bc", "xabc", "abcx"] });
  check("*", { yes: ["", "anything"], no: [] });
  check("a**", { yes: ["a", "ab"], no: ["", "b"] });
});

test("the same characters never count twice", () => {
  check("ab*ba", { yes: ["abba", "ab-ba"], no: ["aba", "ab"] });
  check("a*a", { yes: ["aa"], no: ["a"] });
});

test("without a star only the name itself matches", () => {
  check("service.start", { yes: ["service.start"], no: ["service.started", "service", ""] });
  check("", { yes: [""], no: ["a"] });
});

test("nothing but the star is special", () => {
  check("a.b", { yes: ["a.b"], no: ["axb"] });
  check("[ab]?", { yes: ["[ab]?"], no: ["a", "ab"] });
});

test("a glob made from a name by putting stars anywhere matches the name", () => {
  const letters = fc.string({ unit: fc.constantFrom("a", "b", ".") });
  fc.assert(
    fc.property(fc.array(fc.tuple(letters, fc.boolean())), (parts) => {
      const glob = parts.map(([text, star]) => (star ? "*" : text)).join("");
      assert.ok(matchesGlob(glob, parts.map(([text]) => text).join("")), glob);
    }),
  );
});

test("a glob of many stars is decided in an instant", () => {
  assert.equal(matchesGlob("*a".repeat(5000), "a".repeat(4999)), false);
});

test("topics are or-ed, and no topics are all of them", () => {
  assert.equal(matchesTopic([], "ostler.service.started"), true);
  assert.equal(matchesTopic(["ostler.check.*", "ostler.service.*"], "ostler.service.started"), true);
  assert.equal(matchesTopic(["ostler.check.*", "ostler.command.*"], "ostler.service.started"), false);
});

test("a topic may leave out the prefix of Ostler's own types", () => {
  assert.equal(matchesTopic(["service.*"], "ostler.service.started"), true);
  assert.equal(matchesTopic(["service.started"], "ostler.service.started"), true);
});

test("a topic for everything of Ostler's leaves out what others publish", () => {
  assert.equal(matchesTopic(["ostler.*"], "app.migrated"), false);
  assert.equal(matchesTopic(["ostler.*"], "ostler.service.started"), true);
});

test("what others publish is found by its own type", () => {
  assert.equal(matchesTopic(["app.*"], "app.migrated"), true);
  assert.equal(matchesTopic(["app.*"], "ostler.service.started"), false);
});
