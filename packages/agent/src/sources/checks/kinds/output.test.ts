import assert from "node:assert/strict";
import { appendFileSync } from "node:fs";
import { test } from "node:test";
import { outputCheck } from "../../../config/checks/output.js";
import { FakeClock } from "../../../testing/fake-clock.js";
import { tempDir } from "../../../testing/temp-dir.js";
import { outputProbe } from "./output.js";

/** A spool, and a check of it. */
function spool(settings: object = {}) {
  const dir = tempDir();
  const path = dir.at("web.main.stdout");
  const clock = new FakeClock();
  const check = outputCheck.parse({ name: "talks", kind: "output", newer_than: "30s", ...settings });
  const probe = outputProbe(check, { paths: [path] }, () => clock.monotonic());
  return {
    clock,
    write: (text: string) => appendFileSync(path, text),
    ask: async (): Promise<string> => {
      const verdict = await probe(AbortSignal.timeout(10_000));
      return verdict.ok ? "ok" : verdict.reason;
    },
    [Symbol.dispose]: () => dir[Symbol.dispose](),
  };
}

test("a service that goes on writing passes, and one that has fallen silent does not", async () => {
  using web = spool();
  assert.equal(await web.ask(), "ok");
  await web.clock.pass(30_000);
  web.write("still here\n");
  assert.equal(await web.ask(), "ok");
  await web.clock.pass(30_000);
  assert.equal(await web.ask(), "ok");
  await web.clock.pass(1000);
  assert.equal(await web.ask(), "nothing was written for 31s, longer than 30s");
  web.write("back\n");
  assert.equal(await web.ask(), "ok");
});

test("only lines that match count", async () => {
  using web = spool({ match: "^Ping event" });
  assert.equal(await web.ask(), "ok");
  await web.clock.pass(31_000);
  web.write("something else\n");
  assert.equal(await web.ask(), 'no line matched "^Ping event" for 31s, longer than 30s');
  web.write("Ping event: ok\n");
  assert.equal(await web.ask(), "ok");
});

test("what was written before the check began is not looked at", async () => {
  using web = spool({ match: "ready" });
  web.write("ready\n");
  assert.equal(await web.ask(), "ok");
  await web.clock.pass(31_000);
  assert.match(await web.ask(), /^no line matched/);
});

test("a pattern that never ends fails, and holds nothing up", async () => {
  using web = spool({ match: "^(a+)+$" });
  assert.equal(await web.ask(), "ok");
  web.write(`${"a".repeat(60)}!\n`);
  assert.match(await web.ask(), /takes too long/);
});
