import assert from "node:assert/strict";
import { test } from "node:test";
import { isBefore, rotatedOf, rotationOf, type Rotation } from "./rotation-names.js";

const namesOf = (log: string, names: string[]): string[] => rotatedOf(log, names).map(({ name }) => name);

test("what a log was rotated to is known by its name, however that is written", () => {
  const rotated = [
    "app.log.1",
    "app.log.2.gz",
    "app.log-20261121",
    "app.log-20261121.zst",
    "app.log.2026-11-20.xz",
    "app.log.old",
    "app.log.gz",
  ];
  const inside = ["app.1.log", "app-20261121.log.bz2", "app-20261121-1763700000.log"];
  const others = ["app.log", "app.log.1.tmp", "my-app.log.1", "app.1.2.log", "app2.log.1", "x"];
  const wanted = [...rotated, ...inside].filter((name) => !["app.log-20261121.zst", "app.log.gz"].includes(name));
  assert.deepEqual(namesOf("app.log", [...rotated, ...inside, ...others]), wanted);
  assert.deepEqual(namesOf("messages", ["messages.1", "messages-20261121.gz", "messages.log"]), [
    "messages.1",
    "messages-20261121.gz",
  ]);
  assert.deepEqual(namesOf("a.log", ["a+log.1", "axlog.1", "a.1xlog"]), []);
});

test("the higher number is the older one, and the earlier date", () => {
  const rotationIn = (name: string): Rotation => rotationOf("a", name) ?? assert.fail(name);
  const sorted = (names: string[]): string[] =>
    names.sort((a, b) => isBefore(rotationIn(a), rotationIn(b)) ?? assert.fail(`${a} and ${b}`));
  assert.deepEqual(sorted(["a.2", "a.10.gz", "a.1"]), ["a.10.gz", "a.2", "a.1"]);
  assert.deepEqual(sorted(["a-20261122", "a-20261121.xz"]), ["a-20261121.xz", "a-20261122"]);
  assert.equal(isBefore(rotationIn("a.old"), rotationIn("a.1")), undefined);
});
