import assert from "node:assert/strict";
import { test } from "node:test";
import { momentOf } from "./moment.js";

const nowMs = new Date(2026, 10, 21, 12, 30).getTime();

test("a moment is so long ago, a day, or a time of this host or of a zone", () => {
  const cases: [text: string, ms: number | undefined][] = [
    ["1h", nowMs - 3_600_000],
    ["90s", nowMs - 90_000],
    ["now", nowMs],
    ["today", new Date(2026, 10, 21).getTime()],
    ["yesterday", new Date(2026, 10, 20).getTime()],
    ["2026-11-20", new Date(2026, 10, 20).getTime()],
    ["2026-11-20 10:15", new Date(2026, 10, 20, 10, 15).getTime()],
    ["2026-11-20T10:15:30.5", new Date(2026, 10, 20, 10, 15, 30, 500).getTime()],
    ["2026-11-20T10:15Z", Date.UTC(2026, 10, 20, 10, 15)],
    ["2026-11-20T10:15:30+01:00", Date.UTC(2026, 10, 20, 9, 15, 30)],
    ...["", "soon", "1", "1 h", "2026-11-31", "2026-11-20T25:00", "2026-11-20T10:15:30ZZ", "2026-11-20x"].map(
      (text): [string, undefined] => [text, undefined],
    ),
  ];
  for (const [text, ms] of cases) assert.equal(momentOf(text, nowMs), ms, text);
});
