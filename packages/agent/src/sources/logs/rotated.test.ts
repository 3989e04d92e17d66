import assert from "node:assert/strict";
import { test } from "node:test";
import { oldestFirst, rotatedOf } from "./rotated.js";

const namesOf = (log: string, names: string[]): string[] => rotatedOf(log, names).map(({ name }) => name);

test("what a log was rotated to is known by its name, however that is written", () => {
  const rotated = ["app.log.1", "app.log.2.gz", "app.log-20261121", "app.log-20261121.zst", "app.log.2026-11-20.xz"];
  const inside = ["app.1.log", "app-20261121.log.bz2", "app-20261121-1763700000.log"];
  const others = [
    "app.log",
    "app.log.bak",
    "app.log.1.tmp",
    "app.log.gz",
    "my-app.log.1",
    "app.log.1.2",
    "app2.log.1",
    "x",
  ];
  const wanted = [...rotated, ...inside].filter((name) => name !== "app.log-20261121.zst");
  assert.deepEqual(namesOf("app.log", [...rotated, ...inside, ...others]), wanted);
  assert.deepEqual(namesOf("messages", ["messages.1", "messages-20261121.gz", "messages.log"]), [
    "messages.1",
    "messages-20261121.gz",
  ]);
  assert.deepEqual(namesOf("a.log", ["a+log.1", "axlog.1", "a.1xlog"]), []);
});

test("the oldest comes first, and where times are the same the highest number or the earliest date", () => {
  const sorted = (files: [name: string, mtimeMs: number][]): string[] =>
    files
      .flatMap(([name, mtimeMs]) => rotatedOf("a", [name]).map((its) => ({ ...its, mtimeMs })))
      .sort(oldestFirst)
      .map(({ name }) => name);
  assert.deepEqual(
    sorted([
      ["a.1", 30],
      ["a.3", 10],
      ["a.2", 20],
    ]),
    ["a.3", "a.2", "a.1"],
  );
  assert.deepEqual(
    sorted([
      ["a.2", 5],
      ["a.10", 5],
      ["a.1", 5],
    ]),
    ["a.10", "a.2", "a.1"],
  );
  assert.deepEqual(
    sorted([
      ["a-20261122", 5],
      ["a-20261121", 5],
    ]),
    ["a-20261121", "a-20261122"],
  );
});
