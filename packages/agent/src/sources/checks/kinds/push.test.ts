import assert from "node:assert/strict";
import { test } from "node:test";
import { pushCheck } from "../../../config/checks/push.js";
import { FakeClock } from "../../../testing/fake-clock.js";
import { Pushes, pushProbe, type Pushed } from "./push.js";

/** A service that pushes, and the check of it. */
function heart() {
  const clock = new FakeClock();
  const pushes = new Pushes();
  const check = pushCheck.parse({ name: "beat", kind: "push", within: "60s" });
  const probe = pushProbe(check, "web", pushes, () => clock.monotonic());
  return {
    clock,
    pushes,
    beat: (more: Partial<Pushed> = {}) =>
      pushes.take({ service: "web", check: "beat", status: "passed", reason: "fine", ...more }, clock.monotonic()),
    ask: async (): Promise<string> => {
      const verdict = await probe(AbortSignal.timeout(1000));
      if (!verdict.ok) return verdict.reason;
      return verdict.warning === undefined ? "ok" : `! ${verdict.warning}`;
    },
  };
}

test("a heartbeat passes until it is too old", async () => {
  const web = heart();
  web.beat();
  await web.clock.pass(60_000);
  assert.equal(await web.ask(), "ok");
  await web.clock.pass(1000);
  assert.equal(await web.ask(), "it has said nothing for 1m 1s, longer than 1m");
  web.beat();
  assert.equal(await web.ask(), "ok");
});

test("before the first one it has not passed, and later it is silent", async () => {
  const web = heart();
  assert.equal(await web.ask(), "it has said nothing yet");
  await web.clock.pass(61_000);
  assert.match(await web.ask(), /^it has said nothing for 1m 1s/);
});

test("what a service says of itself counts", async () => {
  const web = heart();
  web.beat({ status: "warned", reason: "queue is long" });
  assert.equal(await web.ask(), "! queue is long");
  web.beat({ status: "failed", reason: "no database" });
  assert.equal(await web.ask(), "no database");
});

test("one check knows nothing of another, and a service that starts anew has said nothing", async () => {
  const web = heart();
  web.beat({ check: "other" });
  web.beat({ service: "web2" });
  assert.equal(await web.ask(), "it has said nothing yet");
  web.beat();
  web.pushes.forget("web");
  assert.equal(await web.ask(), "it has said nothing yet");
});
