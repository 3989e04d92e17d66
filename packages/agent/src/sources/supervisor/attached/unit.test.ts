import assert from "node:assert/strict";
import { test } from "node:test";
import { endInJournal, exitMessage, parseUnits, resultMessage, sightOf, type Unit } from "./unit.js";

const running = {
  Id: "db.service",
  LoadState: "loaded",
  ActiveState: "active",
  SubState: "running",
  Result: "success",
  MainPID: "100",
  ExecMainPID: "100",
  ExecMainCode: "0",
  ExecMainStatus: "0",
  ExecMainStartTimestampMonotonic: "1000000",
  ExecMainExitTimestampMonotonic: "0",
  ActiveExitTimestampMonotonic: "0",
  NRestarts: "0",
  RestartUSec: "100ms",
  InvocationID: "f5a3",
  ControlGroup: "/system.slice/db.service",
};

/** As systemctl writes it. */
const text = (more: Partial<typeof running> = {}): string =>
  Object.entries({ ...running, ...more })
    .map(([name, value]) => `${name}=${value}`)
    .join("\n");

const unit = (more: Partial<typeof running> = {}): Unit => parseUnits(text(more))[0] ?? assert.fail();

/** A unit whose main process was killed 2 s after its start. */
const killed = { MainPID: "0", ExecMainCode: "2", ExecMainStatus: "9", ExecMainExitTimestampMonotonic: "3000000" };
const main = { pid: 100, startTicks: 7 };

/** What is seen, in short. */
const seen = (more: Partial<typeof running>, living?: typeof main): string => {
  const sight = sightOf(unit(more), living);
  return [sight.is, "reason" in sight ? sight.reason : "because" in sight ? sight.because : ""].join(" ").trim();
};

test("several units are told in one answer", () => {
  const units = parseUnits(`${text()}\n\n${text({ Id: "web.service", MainPID: "0" })}\n`);
  assert.deepEqual(
    units.map(({ name, mainPid }) => [name, mainPid]),
    [
      ["db.service", 100],
      ["web.service", 0],
    ],
  );
  assert.deepEqual(parseUnits("\n"), []);
});

test("a value may contain whatever it wants, and a property that this systemd does not have is nothing", () => {
  assert.equal(unit({ ControlGroup: "/a=b/c.service" }).group, "/a=b/c.service");
  assert.equal(parseUnits("Id=a.service\nActiveState=active")[0]?.restarts, 0);
});

test("spans are written as systemd writes them", () => {
  const span = (RestartUSec: string): number => unit({ RestartUSec }).restartDelayMs;
  assert.deepEqual(["100ms", "5s", "1min 30s", "2h", "infinity", ""].map(span), [100, 5000, 90_000, 7_200_000, 0, 0]);
});

test("what a unit does is seen by its state and its main process", () => {
  assert.equal(seen({}, main), "running");
  assert.equal(seen({ ActiveState: "reloading", SubState: "reload" }, main), "running");
  assert.equal(seen({}), "unsure", "it has ended, and systemd does not know yet");
  assert.equal(seen({ MainPID: "0", SubState: "exited" }), "completed");
  assert.equal(seen({ ActiveState: "activating", SubState: "start" }, main), "changing");
  assert.equal(seen({ ActiveState: "deactivating", SubState: "stop-sigterm" }, main), "changing");
  assert.equal(seen({ ActiveState: "inactive", SubState: "dead", MainPID: "0" }), "stopped");
});

test("a unit that waits for its restart waits, and says for how long", () => {
  const waiting = { ...killed, ActiveState: "activating", SubState: "auto-restart", Result: "signal", NRestarts: "2" };
  assert.deepEqual(sightOf(unit({ ...waiting, RestartUSec: "5s" }), undefined), {
    is: "waiting",
    attempt: 3,
    delayMs: 5000,
    because: "systemd restarts db.service after result signal",
  });
});

test("a unit that has failed says how", () => {
  const failed = { ActiveState: "failed", SubState: "failed", MainPID: "0" };
  assert.equal(seen({ ...failed, Result: "oom-kill" }), "failed db.service has failed, its result is oom-kill");
  assert.match(seen({ ...failed, Result: "start-limit-hit" }), /start-limit-hit \(it was started too often\)/);
});

test("a unit that cannot run is told from one that does not", () => {
  const absent = { ActiveState: "inactive", SubState: "dead", MainPID: "0" };
  assert.equal(seen({ ...absent, LoadState: "not-found" }), "failed systemd has no unit db.service");
  assert.match(seen({ ...absent, LoadState: "masked" }), /db\.service is masked/);
  assert.match(seen({ ...absent, LoadState: "bad-setting" }), /cannot load db\.service \(bad-setting\)/);
  assert.equal(seen({ LoadState: "not-found" }, main), "running", "its file is gone, it is not");
});

test("how a main process ended is known until systemd starts another one", () => {
  assert.deepEqual(unit({ ...killed, Result: "signal" }).end, {
    pid: 100,
    exit: { kind: "signal", signal: "SIGKILL", core: false },
    cause: "signal",
    expected: false,
    uptimeMs: 2000,
  });
  assert.equal(unit().end, undefined);
});

test("the result of a unit is the cause of its end", () => {
  const cause = (Result: string, code = "1", status = "1"): string | undefined =>
    unit({ ...killed, Result, ExecMainCode: code, ExecMainStatus: status }).end?.cause;
  assert.deepEqual(
    ["watchdog", "timeout", "oom-kill", "core-dump", "exit-code", "success"].map((its) => cause(its)),
    ["watchdog", "timeout", "out-of-memory", "core-dump", "code", "clean"],
  );
  assert.equal(cause("start-limit-hit"), "code", "which is about the unit, and not about its process");
  assert.equal(cause("start-limit-hit", "1", "0"), "clean");
  assert.equal(cause("start-limit-hit", "3", "11"), "core-dump");
});

test("who leaves the active state before it ends was asked to stop; who ends first did it by itself", () => {
  const ended = { ...killed, ExecMainCode: "1", ExecMainStatus: "0", ActiveState: "inactive", SubState: "dead" };
  const asked = { ...ended, ActiveExitTimestampMonotonic: "2900000" };
  const byItself = { ...ended, ActiveExitTimestampMonotonic: "3000100" };
  assert.deepEqual([unit(asked).end?.expected, seen(asked)], [true, "stopped"]);
  assert.deepEqual([unit(byItself).end?.expected, seen(byItself)], [false, "completed"]);
  assert.equal(
    unit({ ...asked, Result: "watchdog" }).end?.expected,
    false,
    "systemd stopped it, but nobody wanted that",
  );
});

test("the journal tells the end of a process that systemd has forgotten", () => {
  const exit = { MESSAGE_ID: exitMessage, INVOCATION_ID: "a", EXIT_CODE: "killed", EXIT_STATUS: "6" };
  const failed = { MESSAGE_ID: resultMessage, INVOCATION_ID: "a", UNIT_RESULT: "watchdog" };
  const other = { MESSAGE_ID: resultMessage, INVOCATION_ID: "b", UNIT_RESULT: "timeout" };
  assert.deepEqual(endInJournal([exit, other, failed]), {
    exit: { kind: "signal", signal: "SIGABRT", core: false },
    cause: "watchdog",
    expected: false,
  });
  assert.equal(endInJournal([exit])?.cause, "signal");
  assert.equal(endInJournal([failed]), undefined);
});
