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

function kinds(...names: string[]): (string | undefined)[] {
  return names.map((name) => rotationOf("app.log", name)?.kind);
}

test("a number, or a date, behind a name says that the file was rotated; packed or not", () => {
  assert.deepEqual(kinds("app.log.1", "app.log.12.gz", "app.log-1.zst"), ["count", "count", "count"]);
  assert.deepEqual(kinds("app.log-20261121", "app.log.2026-11-21T09:13", "app.log-20261121.xz"), [
    "date",
    "date",
    "date",
  ]);
  assert.deepEqual(kinds("app-20261121.log", "app.2026-11-21.log", "app-2026-11-21.2.log.gz"), [
    "date",
    "date",
    "date",
  ]);
  assert.deepEqual(kinds("app.log.old", "app.log.gz"), ["other", "other"]);
});

test("another name is another file's", () => {
  const names = ["app.log", "app1.log", "app.1.log", "app.log.err", "app.log.1x", "other.log.1", "app.log2"];
  assert.deepEqual(
    kinds(...names),
    names.map(() => undefined),
  );
});

test("a higher number is older, a later date is newer; of a number and a date neither tells", () => {
  const order = (a: string, b: string): number | undefined => {
    const [one, other] = [rotationOf("app.log", a), rotationOf("app.log", b)];
    assert.ok(one && other);
    const difference = isBefore(one, other);
    return difference && Math.sign(difference);
  };
  assert.equal(order("app.log.10", "app.log.2.gz"), -1);
  assert.equal(order("app.log-20261121", "app.log-20261120"), 1);
  assert.equal(order("app.log-20261121.2", "app.log-20261121.10"), -1);
  assert.equal(order("app.log.1", "app.log-20261121"), undefined);
});
