import assert from "node:assert/strict";
import { appendFileSync } from "node:fs";
import { test } from "node:test";
import { outputCheck } from "../../../config/checks/output.js";
import { FakeClock } from "../../../testing/fake-clock.js";
import { tempDir } from "../../../testing/temp-dir.js";
import { outputProbe } from "./output.js";

/** A spool, and a check of it. */
function spool(settings: object = {}, runAgeMs = 0) {
  const dir = tempDir();
  const path = dir.at("web.main.stdout");
  const clock = new FakeClock();
  const check = outputCheck.parse({ name: "talks", kind: "output", newer_than: "30s", ...settings });
  const probe = outputProbe(
    check,
    { paths: [path] },
    {
      monotonicMs: () => clock.monotonic(),
      runAgeMs: () => runAgeMs,
    },
  );
  return {
    clock,
    write: (text: string) => appendFileSync(path, text),
    ask: async (): Promise<string> => {
      const verdict = await probe(AbortSignal.timeout(10_000));
      return verdict.ok ? "ok" : `${verdict.undecided ? "? " : ""}${verdict.reason}`;
    },
    [Symbol.dispose]: () => dir[Symbol.dispose](),
  };
}

test("a service that goes on writing passes, and one that has fallen silent does not", async () => {
  using web = spool();
  assert.equal(await web.ask(), "? nothing was written yet");
  await web.clock.pass(20_000);
  web.write("still here\n");
  assert.equal(await web.ask(), "ok");
  await web.clock.pass(30_000);
  assert.equal(await web.ask(), "ok");
  await web.clock.pass(1000);
  assert.equal(await web.ask(), "nothing was written for 31s, longer than 30s");
  web.write("back\n");
  assert.equal(await web.ask(), "ok");
});

test("a service that writes nothing at all after its start fails when a line would be too old", async () => {
  using web = spool();
  assert.equal(await web.ask(), "? nothing was written yet");
  await web.clock.pass(31_000);
  assert.equal(await web.ask(), "nothing was written for 31s, longer than 30s");
});

test("only lines that match count", async () => {
  using web = spool({ match: "^Ping event" });
  assert.equal(await web.ask(), '? no line matched "^Ping event" yet');
  await web.clock.pass(31_000);
  web.write("something else\n");
  assert.equal(await web.ask(), 'no line matched "^Ping event" for 31s, longer than 30s');
  web.write("Ping event: ok\n");
  assert.equal(await web.ask(), "ok");
});

test("what was written before the check began is not looked at, but of an older run nothing bad is thought at once", async () => {
  using web = spool({ match: "ready" }, 3_600_000);
  web.write("ready\n");
  assert.equal(await web.ask(), "ok");
  await web.clock.pass(31_000);
  assert.match(await web.ask(), /^no line matched/);
});

test("a pattern that would take for ever elsewhere is answered", async () => {
  using web = spool({ match: "^(a+)+$" });
  await web.ask();
  web.write(`${"a".repeat(5000)}!\n`);
  assert.match(await web.ask(), /^\? no line matched/);
});

test("who asks twice at once gets two answers of the same lines", async () => {
  using web = spool();
  await web.ask();
  web.write("here\n");
  assert.deepEqual(await Promise.all([web.ask(), web.ask()]), ["ok", "ok"]);
});
