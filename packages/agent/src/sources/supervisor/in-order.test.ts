import assert from "node:assert/strict";
import { test } from "node:test";
import type { Awaited } from "@ostler/protocol";
import { awaitsOf, dependentsOf, inOrder, withAwaited } from "./in-order.js";

type One = Parameters<typeof withAwaited>[0][number];

const on = (process: string, until: Awaited["until"] = "started"): Awaited => ({ process, until });

function one(process: string, phase: One["phase"], ...after: Awaited[]): One {
  const config = {
    command: [],
    env: {},
    cwd: "/",
    listens: [],
    stop: { signal: "SIGTERM", escalation: [], timeout: 1 },
    after,
  };
  return {
    slot: { service: "shop", process },
    phase,
    config: config,
    isWanted: ["starting", "running", "waiting", "deferred"].includes(phase),
  };
}

const names = (all: readonly One[]): string[] => all.map(({ slot }) => slot.process);
const everything = (): boolean => true;

test("a process waits for those that have not come so far, and for every instance of them", () => {
  const web = one("web", "deferred", on("worker"), on("db", "ready"), on("migrate", "completed"));
  const awaits = (...others: One[]): string[] =>
    awaitsOf(web, [web, ...others], everything).map(({ process }) => process);
  assert.deepEqual(awaits(one("worker@1", "running"), one("db", "running"), one("migrate", "completed")), []);
  assert.deepEqual(awaits(one("worker@1", "running"), one("worker@2", "waiting")), ["worker"]);
  assert.deepEqual(awaits(one("db", "starting"), one("migrate", "running")), ["db", "migrate"]);
});

test("a process that runs is waited for until it is ready, where that is wanted", () => {
  const web = one("web", "deferred", on("db", "ready"), on("log"));
  const all = [web, one("db", "running"), one("log", "running")];
  assert.deepEqual(
    awaitsOf(web, all, () => false),
    [on("db", "ready")],
  );
});

test("of a process that is scaled to nothing there is nothing to wait for", () => {
  assert.deepEqual(awaitsOf(one("web", "deferred", on("worker", "ready")), [], everything), []);
});

test("a start by name brings what is needed and does not run, but does not do again what is done", () => {
  const all = [
    one("web", "stopped", on("db"), on("migrate", "completed")),
    one("db", "stopped", on("disk")),
    one("disk", "stopped"),
    one("migrate", "completed"),
    one("other", "stopped"),
  ];
  assert.deepEqual(names(withAwaited(all.slice(0, 1), all)), ["web", "db", "disk"]);
});

const all = [
  one("web", "running", on("db")),
  one("api", "running", on("db")),
  one("db", "running", on("disk")),
  one("disk", "running"),
];

test("each is acted on when those before it are done, and what is independent at the same time", async () => {
  const story: string[] = [];
  await inOrder(
    all,
    (it) => dependentsOf(it, all),
    async ({ slot: { process } }) => {
      story.push(`${process} begins`);
      await new Promise(setImmediate);
      story.push(`${process} ends`);
    },
  );
  assert.deepEqual(story, [
    "web begins",
    "api begins",
    "web ends",
    "api ends",
    "db begins",
    "db ends",
    "disk begins",
    "disk ends",
  ]);
});

test("a failure holds nobody up, and is told at the end", async () => {
  const done: string[] = [];
  const acting = inOrder(
    all,
    (it) => dependentsOf(it, all),
    async ({ slot: { process } }) => {
      if (process === "web") throw new Error("it will not stop");
      done.push(process);
    },
  );
  await assert.rejects(acting, /it will not stop/);
  assert.deepEqual(done, ["api", "db", "disk"]);
});
