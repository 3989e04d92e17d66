import assert from "node:assert/strict";
import { test } from "node:test";
import { withoutAnsi } from "./ansi.js";

test("what is meant for a terminal goes, and nothing else", () => {
  const cases: [text: string, left: string][] = [
    ["plain [32m", "plain [32m"],
    ["\u001b[1;31mred\u001b[0m", "red"],
    ["\u001b[2K\u001b[38:5:1mprogress", "progress"],
    ["\u001b]0;title\u0007text \u001b]8;;http://a\u001b\\link\u001b]8;;\u001b\\", "text link"],
    ["\u001bMup", "up"],
    ["cut off \u001b]0;title", "cut off 0;title"],
  ];
  for (const [text, left] of cases) assert.equal(withoutAnsi(text), left);
});
