import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { FakeClock } from "../../testing/fake-clock.js";
import { tempDir } from "../../testing/temp-dir.js";
import { until } from "../../testing/until.js";
import { SystemdNotifier } from "./notify.js";

/** A systemd that writes down what it is told: `systemd-notify` is a script, first in PATH. */
function systemd(env: NodeJS.ProcessEnv = {}, script = 'echo "$NOTIFY_SOCKET $*" >>"$TOLD"') {
  const dir = tempDir();
  dir.write("systemd-notify", `#!/bin/sh\n${script}\n`, 0o755);
  const clock = new FakeClock();
  const failures: string[] = [];
  let overdue: string[] = [];
  const notifier = new SystemdNotifier({
    env: { PATH: `${dir.path}:${process.env.PATH}`, TOLD: dir.at("told"), NOTIFY_SOCKET: "@n", ...env },
    clock,
    overdue: () => overdue,
    failed: (reason) => failures.push(reason),
  });
  const told = (): string[] =>
    existsSync(dir.at("told")) ? readFileSync(dir.at("told"), "utf8").trim().split("\n") : [];
  return {
    notifier,
    clock,
    failures,
    told,
    has: (count: number) => until(() => told().length >= count, `${count} messages`),
    setOverdue: (parts: string[]) => (overdue = parts),
    end: () => notifier[Symbol.asyncDispose](),
    [Symbol.dispose]: () => dir[Symbol.dispose](),
  };
}

test("systemd is told when the agent is ready, and when it ends, in this order", async () => {
  using host = systemd();
  host.notifier.ready("looking after web");
  await host.end();
  assert.deepEqual(host.told(), ["@n READY=1 STATUS=looking after web", "@n STOPPING=1"]);
  assert.deepEqual(host.failures, []);
});

test("where there is no systemd, nobody is told anything", async () => {
  using host = systemd({ NOTIFY_SOCKET: undefined });
  host.notifier.ready("looking after web");
  await host.end();
  assert.deepEqual(host.told(), []);
});

test("the watchdog is fed three times in its time, by whoever does its work", async () => {
  using host = systemd({ WATCHDOG_USEC: "30000000" });
  await host.clock.pass(9_999);
  assert.deepEqual(host.told(), []);
  await host.clock.pass(1);
  await host.has(1);
  await host.clock.pass(20_000);
  await host.has(3);
  await host.end();
  assert.deepEqual(host.told(), ["@n WATCHDOG=1", "@n WATCHDOG=1", "@n WATCHDOG=1", "@n STOPPING=1"]);
  assert.equal(host.clock.waiting, 0);
});

test("while work is overdue the watchdog is not fed, and when it is done again it is", async () => {
  using host = systemd({ WATCHDOG_USEC: "30000000" });
  host.setOverdue(["supervisor"]);
  await host.clock.pass(60_000);
  host.setOverdue([]);
  await host.clock.pass(10_000);
  await host.end();
  assert.deepEqual(host.told(), ["@n WATCHDOG=1", "@n STOPPING=1"]);
});

test("without a watchdog nothing wakes the agent", async () => {
  using host = systemd();
  assert.equal(host.clock.waiting, 0);
  await host.end();
});

test("a systemd-notify that fails or is missing is told to the agent, which goes on", async () => {
  using broken = systemd({}, "echo no bus >&2; exit 1");
  broken.notifier.ready("x");
  await broken.end();
  assert.equal(broken.failures.length, 2);
  assert.match(broken.failures[0] ?? "", /^systemd-notify: .*no bus/s);
  using missing = systemd({ PATH: "/nonexistent" });
  missing.notifier.ready("x");
  await missing.end();
  assert.match(missing.failures[0] ?? "", /ENOENT/);
});
