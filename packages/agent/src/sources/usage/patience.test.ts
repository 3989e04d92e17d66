import assert from "node:assert/strict";
import { test } from "node:test";
import { wait, within, type Standing } from "./patience.js";

/** How a watch that waits 20 s stands after findings that come every 10 s: `b` beyond, `w` within, `?` unknown. */
function walk(findings: string, forMs = 20_000): string {
  let standing: Standing = within;
  return Array.from(findings)
    .map((found, at) => {
      const is = found === "b" ? "beyond" : found === "w" ? "within" : "unknown";
      standing = wait(standing, is, at * 10_000, forMs);
      return standing.is[0];
    })
    .join("");
}

test("a limit is exceeded when it was so for the whole time", () => {
  assert.equal(walk("bbbb"), "bbee");
  assert.equal(walk("b", 0), "e");
});

test("one measurement within begins it anew", () => {
  assert.equal(walk("bbwbbb"), "bbwbbe");
});

test("one measurement within ends it", () => {
  assert.equal(walk("bbbwb"), "bbewb");
});

test("what is unknown changes nothing", () => {
  assert.equal(walk("?b?b?w?"), "wbbeeww");
});
