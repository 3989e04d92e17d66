import assert from "node:assert/strict";
import { test } from "node:test";
import type { Phase, ProcessState } from "@ostler/protocol";
import { SettingPaths } from "./setting-paths.js";
import { whyProcess, type Answer, type Circumstances } from "./why-process.js";

/** What only lasts for a moment, or comes from a journal of which the beginning is gone; test/why.test.ts has the rest. */

const at = "2026-01-01T00:00:00.000Z";

function why(phase: Phase, more: Partial<ProcessState> = {}, around: Partial<Circumstances> = {}): Answer[] {
  const paths = new SettingPaths("web", { processes: { api: {} }, checks: [], watch: [] });
  const nowMs = Date.parse(at) - 90_000;
  const unknown = { maintenance: undefined, isolation: undefined, stoppedBy: undefined, restartedFor: undefined };
  const state = { phase, restarts: 0, crashes: [], ...more };
  return whyProcess("api@2", state, { service: "web", paths, nowMs, ...unknown, ...around });
}

test("a process that is being stopped, or has just ended, says so", () => {
  const [stopping] = why({ name: "stopping", run: 1, pid: 7, startTicks: 1, since: at });
  assert.deepEqual(stopping, { about: "process api@2", says: `It is being stopped, pid 7, since ${at}` });
  assert.match(why({ name: "exited", run: 1 })[0]?.says ?? "", /just ended/);
});

test("a stop of which the journal knows nothing any more is still one", () => {
  const [stopped] = why({ name: "stopped" });
  assert.match(stopped?.says ?? "", /^It was stopped, .* the journal does not know by whom$/);
  assert.equal(stopped?.rule, "service.stop");
});

test("the rules of earlier versions, which were not told, are the usual ones", () => {
  assert.equal(why({ name: "completed" })[0]?.rule, "services.web.restart.policy");
  const [waiting] = why({ name: "waiting", attempt: 2, until: at, because: "it crashed" });
  assert.equal(waiting?.rule, "services.web.restart.backoff");
  assert.deepEqual(waiting.next, { at, inMs: 90_000, attempt: 2 });
});

test("a restart of which the journal knows nothing any more names no rule", () => {
  const lastRestart = { at, because: "a wish" };
  const [, restarted] = why({ name: "completed" }, { lastRestart, restarts: 3 });
  assert.deepEqual(
    [restarted?.says, restarted?.rule],
    [`It was last restarted at ${at}, because a wish (3 in all)`, undefined],
  );
});

test("an instance has the settings of its process", () => {
  const exit = { kind: "signal" as const, signal: "SIGKILL", core: false };
  const lastExit = { at, run: 1, exit, cause: "timeout" as const, uptimeMs: 1000, expected: true };
  assert.equal(why({ name: "stopped" }, { lastExit })[1]?.rule, "services.web.processes.api.stop.timeout");
});

test("a process that waits for others names them and where that is said", () => {
  const awaits = [{ process: "db", until: "ready" as const }];
  assert.deepEqual(why({ name: "deferred", awaits }), [
    { about: "process api@2", says: "It waits for db to be ready", rule: "services.web.processes.api.after" },
  ]);
});

test("a scheduled process says when it runs next, and whether maintenance lets that pass", () => {
  const schedule = { next: at };
  const [waiting] = why({ name: "scheduled" }, { schedule });
  assert.equal(waiting?.says, `It waits for its time, ${at}, in 1m 30s`);
  assert.deepEqual([waiting.rule, waiting.next], ["services.web.processes.api.cron", { at, inMs: 90_000 }]);
  const maintenance = { by: { kind: "cli" as const, name: "local" }, since: at, until: "2026-01-02", reason: "disk" };
  assert.match(
    why({ name: "scheduled" }, { schedule }, { maintenance })[0]?.says ?? "",
    /the maintenance will let pass$/,
  );
  assert.match(why({ name: "scheduled" })[0]?.says ?? "", /^It waits for its time$/);
});

test("a marker is told, seen or missed", () => {
  const marker = { run: 1, match: "up", at };
  const rule = "services.web.processes.api.marker";
  assert.deepEqual(
    [true, false].map((seen) => why({ name: "completed" }, { marker: { ...marker, seen } })[1]),
    [
      { about: "process api@2", says: `Run 1 wrote what its marker "up" looks for, at ${at}`, rule },
      {
        about: "process api@2",
        says: `Run 1 had not written what its marker "up" looks for when its time was over, at ${at}`,
        rule,
      },
    ],
  );
});

test("a process with another owner names that, and no setting that does not hold for it", () => {
  const attached = { owner: "systemd" as const, name: "api.service" };
  const rule = "services.web.processes.api.attach";
  const [runs] = why({ name: "running", run: 1, pid: 7, startTicks: 1, since: at }, {}, { attached });
  assert.deepEqual(
    [runs?.says, runs?.rule],
    [`It runs, pid 7, since ${at}; it belongs to systemd (api.service)`, rule],
  );
  const [waits] = why({ name: "waiting", attempt: 2, until: at, because: "it crashed" }, {}, { attached });
  assert.match(
    waits?.says ?? "",
    /waits for its owner to start it again, at .*, in 1m 30s, because it crashed; it belongs/,
  );
  assert.deepEqual(waits?.next, { at, inMs: 90_000, attempt: 2 });
  assert.match(
    why({ name: "gave-up", reason: "oom-kill" }, {}, { attached })[0]?.says ?? "",
    /does nothing about it: oom-kill/,
  );
  const exit = { kind: "signal" as const, signal: "SIGKILL", core: false };
  const lastExit = { at, run: 1, exit, cause: "timeout" as const, uptimeMs: 1000, expected: true };
  const lastRestart = { at, because: "systemd restarted it" };
  const all = why({ name: "stopped" }, { lastExit, lastRestart }, { attached, restartedFor: { for: "end" } });
  assert.deepEqual(
    all.map((answer) => answer.rule),
    [rule, undefined, undefined],
  );
});
