import assert from "node:assert/strict";
import { test } from "node:test";
import { pushCheck } from "../../../config/checks/push.js";
import { FakeClock } from "../../../testing/fake-clock.js";
import { Pushes, pushProbe, type Pushed } from "./push.js";

/** A service that pushes, and the check of it. */
function heart({ runAgeMs = 0 } = {}) {
  const clock = new FakeClock();
  const pushes = new Pushes();
  const check = pushCheck.parse({ name: "beat", kind: "push", within: "60s" });
  const probe = pushProbe(check, {
    service: "web",
    pushes,
    monotonicMs: () => clock.monotonic(),
    runAgeMs: () => runAgeMs,
  });
  return {
    clock,
    pushes,
    beat: (more: Partial<Pushed> = {}) =>
      pushes.take({ service: "web", check: "beat", status: "passed", reason: "fine", ...more }, clock.monotonic()),
    ask: async (): Promise<string> => {
      const verdict = await probe(AbortSignal.timeout(1000));
      if (!verdict.ok) return `${verdict.undecided ? "? " : ""}${verdict.reason}`;
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

test("until it could have come the first one is waited for, and then it is missing", async () => {
  const web = heart();
  assert.equal(await web.ask(), "? it has said nothing yet");
  await web.clock.pass(60_000);
  assert.equal(await web.ask(), "? it has said nothing yet");
  await web.clock.pass(1000);
  assert.match(await web.ask(), /^it has said nothing for 1m 1s/);
});

test("of a run that is older than a silence may be, nothing bad is thought at once: another agent may have heard of it", async () => {
  const web = heart({ runAgeMs: 3_600_000 });
  assert.equal(await web.ask(), "ok");
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
  assert.equal(await web.ask(), "? it has said nothing yet");
  web.beat();
  web.pushes.forget({ service: "web", check: "beat" });
  assert.equal(await web.ask(), "? it has said nothing yet");
});
