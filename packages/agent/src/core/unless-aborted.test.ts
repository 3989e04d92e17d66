import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { unlessAborted } from "./unless-aborted.js";

test("who waits gets what was waited for, or its failure, and listens to nobody afterwards", async () => {
  const { signal } = new AbortController();
  assert.equal(await unlessAborted(Promise.resolve(42), signal, "Waiting"), 42);
  await assert.rejects(unlessAborted(Promise.reject(new Error("no")), signal, "Waiting"), { message: "no" });
  assert.deepEqual(getEventListeners(signal, "abort"), []);
});

test("who does not want to wait any more does not, at whatever time that is", async () => {
  const stop = new AbortController();
  const waits = unlessAborted(new Promise(() => undefined), stop.signal, "Waiting for it");
  stop.abort();
  await assert.rejects(waits, { code: "cancelled", message: "Waiting for it was cancelled." });
  await assert.rejects(unlessAborted(Promise.resolve(), stop.signal, "Waiting for it"), { code: "cancelled" });
});
