import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../../testing/fake-clock.js";
import { boundedEngine } from "./bounded-engine.js";
import type { Doing, Engine } from "./engine.js";

/** Ends as soon as it is told to, and never by itself. */
const obedient = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("ended"))));

const slow: Engine = {
  kind: "archive",
  create: (_, { signal }) => obedient(signal),
  copy: (_, { signal }) => obedient(signal),
  uncopied: obedient,
  removeStrays: (_, { signal }) => obedient(signal),
  list: obedient,
  verify: (_, { signal }) => obedient(signal),
  rootsOf: (_, __, signal) => obedient(signal),
  extract: (_, __, ___, { signal }) => obedient(signal),
  remove: (_, { signal }) => obedient(signal),
  clean: obedient,
};

const deeds: Record<string, (engine: Engine, doing: Doing) => Promise<unknown>> = {
  "Making a backup": (engine, doing) => engine.create(undefined, doing),
  "Copying a backup": (engine, doing) => engine.copy?.("id", doing) ?? Promise.resolve(),
  "Looking for copies": (engine, { signal }) => engine.uncopied?.(signal) ?? Promise.resolve(),
  "Removing copies": (engine, doing) => engine.removeStrays?.(() => [], doing) ?? Promise.resolve(),
  "Listing the backups": (engine, { signal }) => engine.list(signal),
  "Verifying a backup": (engine, doing) => engine.verify("id", doing),
  "Looking into a backup": (engine, { signal }) => engine.rootsOf("id", undefined, signal),
  "Extracting a backup": (engine, doing) => engine.extract("id", "/into", undefined, doing),
  "Removing backups": (engine, doing) => engine.remove(["id"], doing),
};

for (const [what, call] of Object.entries(deeds))
  test(`${what} is given up when it takes too long, and when nobody wants it any more`, async () => {
    const clock = new FakeClock();
    const engine = boundedEngine(slow, "shop/data", { withinMs: 1000, clock });
    const stop = new AbortController();
    const doing = { signal: stop.signal, progress: () => undefined };
    const late = assert.rejects(call(engine, doing), {
      code: "timed-out",
      message: `${what} of shop/data did not end within 1 s.`,
    });
    await clock.pass(1000);
    await late;
    const cancelled = assert.rejects(call(engine, doing), { code: "cancelled" });
    stop.abort();
    await cancelled;
    assert.equal(clock.waiting, 0);
  });

test("what was found is what the engine has found", async () => {
  const listed = { backups: [], problems: ["one"] };
  const quick = { ...slow, list: () => Promise.resolve(listed), clean: () => Promise.resolve(["a part"]) };
  const engine = boundedEngine(quick, "shop/data", { withinMs: 1000, clock: new FakeClock() });
  const { signal } = new AbortController();
  assert.equal(await engine.list(signal), listed);
  assert.deepEqual(await engine.clean(signal), ["a part"]);
});

test("what was left is looked for no longer than half a minute, however long a backup may take", async () => {
  const clock = new FakeClock();
  const engine = boundedEngine(slow, "shop/data", { withinMs: 6 * 3_600_000, clock });
  const late = assert.rejects(engine.clean(new AbortController().signal), { code: "timed-out" });
  await clock.pass(30_000);
  await late;
});
