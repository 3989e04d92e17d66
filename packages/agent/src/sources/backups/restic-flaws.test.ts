import assert from "node:assert/strict";
import { test } from "node:test";
import { ResticFlaws } from "./restic-flaws.js";

const error = (item: string, its: object): string =>
  JSON.stringify({ message_type: "error", error: its, during: "archival", item });

test("what could not be read is skipped, and what was gone has vanished", () => {
  const flaws = new ResticFlaws(["/link"]);
  flaws.hear("/a does not exist, skipping");
  flaws.hear(error("/b", { Op: "open", Path: "/b", Err: 2 }));
  flaws.hear(error("/c", { Op: "open", Path: "/c", Err: 13 }));
  flaws.hear(error("/d", { message: "open /d: permission denied" }));
  flaws.hear("Warning: at least one source file could not be read");
  assert.deepEqual(flaws.all(1), {
    ...{ isEmpty: false, changed: [], vanished: ["/a", "/b"] },
    skipped: [
      "/link: a link: what it points to is not in it",
      "/c: permission denied",
      "/d: open /d: permission denied",
    ],
  });
});

test("a backup without a file is empty, and of each flaw the first twenty are told", () => {
  const flaws = new ResticFlaws([]);
  for (let at = 0; at < 30; at++) flaws.hear(error(`/${at}`, { Err: 13 }));
  const { isEmpty, skipped } = flaws.all(0);
  assert.deepEqual([isEmpty, skipped.length], [true, 20]);
});
