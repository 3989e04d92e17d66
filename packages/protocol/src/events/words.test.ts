import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { arbitraryEventOf } from "../arbitrary.js";
import { events, type EventType, type HostEvent } from "./index.js";
import { eventInWords, exitInWords } from "./words.js";

for (const type of Object.keys(events) as EventType[])
  test(`${type} can be said in one line of words`, () => {
    fc.assert(
      fc.property(arbitraryEventOf(type), (event) => {
        const words = eventInWords(event);
        assert.match(words, /^\S.+$/u);
        assert.doesNotMatch(words, /undefined|null|NaN|\[object/);
      }),
      { numRuns: 20 },
    );
  });

const main = { service: "web", process: "main" };
const run = { ...main, run: 2, pid: 4711 };
const actor = { kind: "controller" as const, name: "ops" };

const sentences: [HostEvent, string][] = [
  [{ type: "service.started", data: { ...run, startTicks: 1 } }, "web started, pid 4711"],
  [{ type: "service.started", data: { ...run, process: "api", startTicks: 1 } }, "web/api started, pid 4711"],
  [
    {
      type: "service.exited",
      data: {
        ...run,
        exit: { kind: "code", code: 3 },
        cause: "code",
        uptimeMs: 1234,
        expected: false,
        whileAway: false,
      },
    },
    "web ended after 1.2 s: exited with code 3",
  ],
  [
    { type: "service.adopted", data: { ...run, startTicks: 1, uptimeMs: 86_400_499 } },
    "web adopted, pid 4711, up 86400 s",
  ],
  [
    { type: "service.delayed", data: { ...main, attempt: 3, delayMs: 4000, because: "exited with code 1" } },
    "web restarts in 4.0 s (attempt 3), because exited with code 1",
  ],
  [
    { type: "service.killed", data: { ...main, pids: [1, 2], survivors: [], reason: "timeout" } },
    "web: killed 1, 2, because timeout; work in progress may be lost",
  ],
  [
    { type: "service.configured", data: { service: "web", processes: ["main"], checks: [] } },
    "web configured: 1 process, 0 checks",
  ],
  [
    {
      type: "service.configured",
      data: { service: "web", processes: ["a", "b"], checks: [{ name: "up", role: "liveness" }] },
    },
    "web configured: 2 processes, 1 check",
  ],
  [
    {
      type: "service.limit-exceeded",
      data: {
        ...{ ...run, process: "api", watch: "workers", forMs: 30_000, action: "none" },
        ...{ what: "children", child: "worker", bound: "at-least", value: 2, limit: 4 },
      },
    },
    "web/api: processes worker 2, fewer than 4 for 30 s (watch workers)",
  ],
  [
    {
      type: "service.limit-recovered",
      data: { ...run, watch: "cpu", what: "cpu", bound: "at-most", value: 2, limit: 4, because: "within" },
    },
    "web: watch cpu is within its limit again",
  ],
  [
    { type: "service.notified", data: { ...main, run: 2, tookMs: 1500 } },
    "web has notified that it is ready, after 1.5 s",
  ],
  [
    { type: "service.marker-seen", data: { ...main, run: 2, match: "listening on \\d+", tookMs: 1500 } },
    'web: marker "listening on \\d+" seen after 1.5 s',
  ],
  [
    {
      type: "service.marker-missed",
      data: { ...main, run: 2, match: "up", withinMs: 30_000, because: "not-written", lastLine: "waiting for db" },
    },
    'web: marker "up" not seen within 30 s, its last line: waiting for db',
  ],
  [{ type: "service.unready", data: { service: "web", reasons: ["a", "b"] } }, "web is not ready: a; b"],
  [
    { type: "check.failed", data: { service: "web", check: "up", role: "readiness", reason: "refused", failures: 3 } },
    "check web/up failed: refused",
  ],
  [
    { type: "command.accepted", data: { id: "1", name: "service.stop", actor, args: {} } },
    "service.stop accepted from controller ops",
  ],
  [
    { type: "command.finished", data: { id: "1", name: "service.stop", actor, outcome: "succeeded", tookMs: 1 } },
    "service.stop succeeded",
  ],
  [
    {
      type: "command.finished",
      data: { id: "1", name: "service.stop", actor, outcome: "failed", message: "No such service.", tookMs: 1 },
    },
    "service.stop failed: No such service.",
  ],
  [
    { type: "controller.disconnected", data: { controller: "c", direction: "inbound", code: 1006, reason: "" } },
    "controller c disconnected: 1006",
  ],
  [
    { type: "journal.gapped", data: { from: 3, to: 3, count: 1, reason: "corrupt" } },
    "1 event lost from the journal: corrupt",
  ],
  [
    { type: "journal.gapped", data: { from: 3, to: 5, count: 3, reason: "disk_full" } },
    "3 events lost from the journal: disk_full",
  ],
];
for (const [event, sentence] of sentences)
  test(`${event.type} is said as: ${sentence}`, () => {
    assert.equal(eventInWords(event), sentence);
  });

test("an exit is a code, a signal, or a reason why nobody knows", () => {
  assert.equal(exitInWords({ kind: "code", code: 0 }), "exited with code 0");
  assert.equal(exitInWords({ kind: "signal", signal: "SIGKILL", core: false }), "ended by SIGKILL");
  assert.equal(exitInWords({ kind: "signal", signal: "SIGSEGV", core: true }), "ended by SIGSEGV, core dumped");
  assert.equal(
    exitInWords({ kind: "unknown", reason: "the host was rebooted" }),
    "status unknown, the host was rebooted",
  );
});

test("of a backup that was read back no more is said than was read", () => {
  const data = { service: "web", backup: "data", id: "web.data.x", files: 2, bytes: 9, tookMs: 1 };
  const said = (how: { isWhole: boolean; part?: string }): string =>
    eventInWords({ type: "backup.verified", data: { ...data, ...how } });
  assert.equal(said({ isWhole: true }), "backup web.data.x is what it was: 2 files, 9 B");
  assert.equal(
    said({ isWhole: false, part: "3/10" }),
    "backup web.data.x is what it was, as far as it was read: part 3/10 of the repository",
  );
  assert.equal(
    said({ isWhole: false }),
    "backup web.data.x is what it was, as far as it was read: the archive as such; for its files an identity is needed",
  );
});
