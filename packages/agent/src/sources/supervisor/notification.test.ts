import assert from "node:assert/strict";
import { appendFileSync, existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { tempDir, type TempDir } from "../../testing/temp-dir.js";
import { until } from "../../testing/until.js";
import { forgetNotifications, Notification } from "./notification.js";

const slot = { service: "web", process: "main" };

/** A run that is about to begin, and how often it was noticed that it has notified. */
function expected(
  dir: TempDir,
  run = 1,
): { notification: Notification; noticed: () => number; say: (text: string) => void } {
  let count = 0;
  const notification = Notification.expect(dir.path, slot, run, () => count++);
  return { notification, noticed: () => count, say: (text) => appendFileSync(notification.file, text) };
}

test("a line is noticed by itself, and taken once", async () => {
  using dir = tempDir();
  const { notification, noticed, say } = expected(dir);
  using own = notification;
  assert.equal(own.take(), false);
  say("\n");
  await until(() => noticed() > 0);
  assert.deepEqual([own.take(), own.take()], [true, false]);
});

test("whatever is written before the newline does not count, however it comes", () => {
  using dir = tempDir();
  using notification = expected(dir).notification;
  for (const [text, is] of [
    ["", false],
    ["rea", false],
    ["dy", false],
    ["\nmore", true],
  ] as const) {
    appendFileSync(notification.file, text);
    notification.look();
    assert.equal(notification.take(), is, text);
  }
});

test("a file that nobody watches is understood by looking", () => {
  using dir = tempDir();
  const { notification, say } = expected(dir);
  notification[Symbol.dispose]();
  say("ready\n");
  notification.look();
  assert.equal(notification.take(), true);
});

test("the next agent hears what was written while none was there, but not what was heard already", () => {
  using dir = tempDir();
  const first = expected(dir);
  first.notification[Symbol.dispose]();
  first.say("\n");
  let noticed = 0;
  using unheard = Notification.resume(dir.path, slot, 1, false, () => noticed++);
  assert.deepEqual([unheard.take(), noticed], [true, 1]);
  using heard = Notification.resume(dir.path, slot, 1, true, () => noticed++);
  heard.look();
  assert.deepEqual([heard.take(), noticed], [false, 1]);
});

test("the next agent hears what comes after it", async () => {
  using dir = tempDir();
  const first = expected(dir);
  first.notification[Symbol.dispose]();
  let noticed = 0;
  using next = Notification.resume(dir.path, slot, 1, false, () => noticed++);
  assert.equal(next.take(), false);
  first.say("\n");
  await until(() => noticed > 0);
  assert.equal(next.take(), true);
});

test("a run that was started without a descriptor has not notified, and troubles nobody", () => {
  using dir = tempDir();
  using none = Notification.resume(dir.path, slot, 7, false, () => assert.fail());
  none.look();
  assert.equal(none.take(), false);
});

test("a program that goes on writing keeps a short file, before its newline and after it", () => {
  using dir = tempDir();
  const { notification, say } = expected(dir);
  using own = notification;
  for (let round = 0; round < 5; round++) {
    say("x".repeat(1024 * 1024));
    own.look();
    assert.deepEqual([own.take(), statSync(own.file).size], [false, 0]);
  }
  say("\n");
  own.look();
  assert.equal(own.take(), true);
  say("\n".repeat(1024 * 1024));
  own.look();
  assert.deepEqual([own.take(), statSync(own.file).size], [false, 0]);
});

test("nobody is woken any more by a program that has notified and goes on writing", async () => {
  using dir = tempDir();
  const { notification, noticed, say } = expected(dir);
  using own = notification;
  say("\n");
  await until(() => noticed() > 0);
  assert.equal(own.take(), true);
  say("x".repeat(100_000));
  // Its watch tells that the kernel has handed over what came before.
  using other = Notification.expect(dir.path, { ...slot, process: "side" }, 1, () => undefined);
  appendFileSync(other.file, "\n");
  await until(() => other.take());
  assert.ok(statSync(own.file).size > 100_000, "nobody has looked, which would have emptied it");
});

test("files of earlier runs go with the next one, those of others stay", () => {
  using dir = tempDir();
  for (const run of [1, 2]) expected(dir, run).notification[Symbol.dispose]();
  Notification.expect(dir.path, { service: "web", process: "side" }, 1, () => undefined)[Symbol.dispose]();
  assert.deepEqual(readdirSync(join(dir.path, "notify")).sort(), ["web.main.2", "web.side.1"]);
  forgetNotifications(dir.path, slot);
  assert.deepEqual(readdirSync(join(dir.path, "notify")), ["web.side.1"]);
});

test("where nobody ever notified there is nothing to forget, and nothing is made", () => {
  using dir = tempDir();
  forgetNotifications(dir.path, slot);
  assert.equal(existsSync(join(dir.path, "notify")), false);
});
