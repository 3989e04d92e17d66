import type { LogLine, LogNote } from "@ostler/protocol";
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { appendFileSync, mkdirSync, renameSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { systemClock } from "../../core/clock.js";
import type { LogQuery } from "../../core/log-query.js";
import { spoolPath, type Stream } from "../../platform/spool.js";
import { configured, recordingBus } from "../../testing/bus.js";
import { tempDir, type TempDir } from "../../testing/temp-dir.js";
import { until } from "../../testing/until.js";
import { readLogs, type LogsDeps } from "./logs.js";
import { OutputTimes } from "./output-times.js";
import type { NamedLog } from "./plans.js";

const { bus } = recordingBus();
bus.publish(configured("web", [], ["api", "worker"]));
bus.publish(configured("db", [], ["main"]));

function wrote(dir: TempDir, process: string, stream: Stream, text: string, service = "web"): string {
  const path = spoolPath(dir.at("output"), service, process, stream);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

const depsOf = (dir: TempDir, files: NamedLog[] = []): LogsDeps => ({
  spools: dir.at("output"),
  times: new OutputTimes(dir.at("times")),
  state: () => bus.state,
  files: (service) => (service === "web" ? files : []),
  clock: systemClock,
});

async function all(dir: TempDir, query: Partial<LogQuery>, files?: NamedLog[]): Promise<(LogLine | LogNote)[]> {
  const lines: (LogLine | LogNote)[] = [];
  const whole = { service: "web", follow: false, ...query };
  for await (const line of readLogs(whole, depsOf(dir, files), new AbortController().signal)) lines.push(line);
  return lines;
}

async function texts(dir: TempDir, query: Partial<LogQuery>, files?: NamedLog[]): Promise<string[]> {
  return (await all(dir, query, files)).map((line) => ("note" in line ? `note: ${line.note}` : line.text));
}

const at = (minute: number, text: string, level = "INFO"): string =>
  `2026-11-20T10:${String(minute).padStart(2, "0")}:00Z ${level} ${text}\n`;
const timeAt = (minute: number): number => Date.UTC(2026, 10, 20, 10, minute);

test("the logs of a service are what all its processes wrote, on both streams, in the order of time", async () => {
  using dir = tempDir();
  wrote(dir, "api", "stdout", at(1, "one") + at(4, "four"));
  wrote(dir, "api", "stderr", at(3, "three"));
  wrote(dir, "worker", "stdout", at(2, "two") + at(5, "five"));
  wrote(dir, "gone", "stdout", at(0, "of a process that is gone"));
  wrote(dir, "main", "stdout", at(6, "other"), "db");
  const seen = (await all(dir, {})) as LogLine[];
  assert.deepEqual(
    seen.map(({ process, stream, text }) => `${process} ${stream}: ${text.slice(21)}`),
    [
      "gone stdout: INFO of a process that is gone",
      "api stdout: INFO one",
      "worker stdout: INFO two",
      "api stderr: INFO three",
      "api stdout: INFO four",
      "worker stdout: INFO five",
    ],
  );
  assert.deepEqual(seen[1], {
    service: "web",
    process: "api",
    stream: "stdout",
    time: "2026-11-20T10:01:00.000Z",
    level: "info",
    text: at(1, "one").trim(),
  });
  const short = async (query: Partial<LogQuery>): Promise<string[]> =>
    (await texts(dir, query)).map((text) => text.slice(26));
  assert.deepEqual(await short({ process: "worker" }), ["two", "five"]);
  assert.deepEqual(await short({ last: 2 }), ["four", "five"]);
  assert.deepEqual(await short({ last: 0 }), []);
  assert.deepEqual(await short({ sinceMs: timeAt(2), untilMs: timeAt(4) }), ["two", "three", "four"]);
  assert.deepEqual(await short({ sinceMs: timeAt(2), last: 2 }), ["four", "five"]);
  const merged: string[] = [];
  for await (const line of readLogs({ last: 2, follow: false }, depsOf(dir), new AbortController().signal))
    merged.push("note" in line ? "" : `${line.service}/${line.process}`);
  assert.deepEqual(merged, ["web/worker", "db/main"]);
});

test("lines are found by what they say and by their level, and with -n it is the last that are found", async () => {
  using dir = tempDir();
  const trace = 'Traceback (most recent call last):\n  File "a.py"\nValueError: no\n';
  const lines = `${at(1, "peer lost", "WARN")}${at(2, "Peer found")}${at(3, "it broke", "ERROR")}${trace}\u001b[31mplain peer\u001b[0m\n`;
  wrote(dir, "api", "stdout", lines);
  assert.deepEqual((await texts(dir, { grep: "peer" })).length, 2);
  assert.deepEqual((await texts(dir, { grep: "PEER", ignoreCase: true })).length, 3);
  assert.deepEqual(await texts(dir, { grep: "peer", last: 1 }), ["plain peer"]);
  assert.deepEqual(await texts(dir, { grep: "peer", last: 1, ansi: true }), ["\u001b[31mplain peer\u001b[0m"]);
  assert.deepEqual((await texts(dir, { level: "error" })).slice(1), trace.trim().split("\n"));
  assert.deepEqual((await texts(dir, { level: "warning" })).length, 5);
  assert.deepEqual(await texts(dir, { level: "critical" }), []);
});

test("a line without a time is as old as the agent knows, and those before are not read", async () => {
  using dir = tempDir();
  const path = wrote(dir, "api", "stdout", "one\ntwo\nthree\n");
  const times = new OutputTimes(dir.at("times"));
  await times.note("web.api.stdout", 4, timeAt(1));
  await times.note("web.api.stdout", 8, timeAt(2));
  utimesSync(path, timeAt(3) / 1000, timeAt(3) / 1000);
  wrote(dir, "worker", "stdout", at(2, "between"));
  const seen = (await all(dir, {})) as LogLine[];
  assert.deepEqual(
    seen.map(({ time, text }) => `${time.slice(14, 16)} ${text}`),
    ["01 one", "02 two", `02 ${at(2, "between").trim()}`, "03 three"],
  );
  assert.deepEqual(await texts(dir, { process: "api", sinceMs: timeAt(2) }), ["two", "three"]);
  assert.deepEqual(await texts(dir, { process: "api", sinceMs: timeAt(2) + 1 }), ["three"]);
});

test("what was given back of a spool is not there, and the line that was cut neither", async () => {
  using dir = tempDir();
  const path = wrote(dir, "api", "stdout", "line\n".repeat(5000));
  execFileSync("fallocate", ["--punch-hole", "--offset", "0", "--length", "12288", path]);
  const lines = await texts(dir, { last: "all" });
  assert.deepEqual(new Set(lines), new Set(["line"]));
  assert.equal(lines.length, (25_000 - 12_290) / 5);
});

test("100,000 lines of two processes are merged in order", async () => {
  using dir = tempDir();
  const line = (n: number): string => `{"ts":${1_700_000_000_000 + n},"msg":"${n}"}\n`;
  const every = Array.from({ length: 100_000 }, (_, n) => n);
  const of = (which: number): string =>
    every
      .filter((n) => n % 3 === which % 3 || which === 9)
      .map(line)
      .join("");
  wrote(dir, "api", "stdout", of(0));
  wrote(dir, "api", "stderr", of(1));
  wrote(dir, "worker", "stdout", of(2));
  assert.deepEqual((await texts(dir, { last: "all" })).join("\n"), of(9).trimEnd());
  assert.deepEqual((await texts(dir, { grep: '99[0-9]{3}"' })).length, 100);
});

test("a log file is read with what it was rotated to, oldest first, packed or not", async () => {
  using dir = tempDir();
  const file = (name: string, content: string | Uint8Array, minute: number): string => {
    const path = dir.write(name, content);
    utimesSync(path, timeAt(minute) / 1000, timeAt(minute) / 1000);
    return path;
  };
  file("app.log.3.gz", gzipSync(at(0, "zero") + at(1, "one")), 1);
  file("app.log.2.gz", gzipSync(at(2, "two")), 2);
  file("app.log.1", at(3, "three") + at(4, "four"), 4);
  const path = file("app.log", at(5, "five") + at(6, "six"), 6);
  wrote(dir, "api", "stdout", at(5, "of a process"));
  const files = [{ source: "app", paths: [path] }];
  const short = async (query: Partial<LogQuery>): Promise<string> =>
    (await texts(dir, query, files)).map((text) => text.replace(/^.*INFO /, "")).join(" ");
  assert.equal(await short({ source: "app", last: "all" }), "zero one two three four five six");
  assert.equal(await short({ last: "all", sinceMs: timeAt(5) }), "of a process five six");
  for (const [last, expected] of [
    [1, "six"],
    [3, "four five six"],
    [5, "two three four five six"],
    [6, "one two three four five six"],
  ] as const)
    assert.equal(await short({ source: "app", last }), expected);
  assert.equal(await short({ source: "app", sinceMs: timeAt(2), untilMs: timeAt(3) }), "two three");
  assert.equal(await short({ source: "app", grep: "zero|two|six", last: 2 }), "two six");
  const [first] = (await all(dir, { source: "app", last: 1 }, files)) as LogLine[];
  assert.deepEqual([first?.source, first?.process, first?.stream], ["app", undefined, "file"]);
});

test("files that match as logs of their own are shown once, also where the name of one is that of another with a number", async () => {
  using dir = tempDir();
  dir.write("app.1.log", at(1, "one"));
  dir.write("app.log", at(2, "two"));
  const files = [{ source: "app", paths: [dir.at("*.log")] }];
  assert.deepEqual(await texts(dir, { source: "app" }, files), [at(1, "one").trim(), at(2, "two").trim()]);
});

test("a packed file that is too old is not opened, and one that cannot be read is told, beside all the others", async () => {
  using dir = tempDir();
  const path = dir.write("app.log", at(5, "five"));
  dir.write("app.log.1.gz", gzipSync(at(4, "four")).subarray(0, 20));
  const old = dir.write("app.log.2.gz", "this is not gzip");
  utimesSync(old, timeAt(1) / 1000, timeAt(1) / 1000);
  const files = [{ source: "app", paths: [path] }];
  const seen = await texts(dir, { source: "app", sinceMs: timeAt(2) }, files);
  assert.match(seen[0] ?? "", /^note: .*app\.log\.1\.gz cannot be read: /);
  assert.equal(seen.at(-1), at(5, "five").trim());
  const two = await texts(dir, { source: "app", last: "all" }, files);
  assert.deepEqual(two.map((text) => /app\.log\.\d/.exec(text)?.[0]).filter(Boolean), ["app.log.2", "app.log.1"]);
  mkdirSync(dir.at("directory"));
  const wrong = await texts(dir, { source: "d", last: 1 }, [{ source: "d", paths: [dir.at("directory")] }]);
  assert.match(wrong.join(), /directory cannot be read/);
  symlinkSync("loop", dir.at("loop"));
  writeFileSync(dir.at("directory/a.log"), at(6, "six"));
  const some = await texts(dir, { source: "g" }, [{ source: "g", paths: [dir.at("*/a.log")] }]);
  assert.match(some[0] ?? "", /^note: cannot look for files in .*loop: ELOOP/);
  assert.deepEqual(some.slice(1), [at(6, "six").trim()]);
});

test("in a large file with times only the end is read for what is new", async () => {
  using dir = tempDir();
  const line = (n: number): string => `${new Date(timeAt(0) + n * 1000).toISOString()} INFO ${"x".repeat(80)} ${n}\n`;
  const path = dir.write("big.log", Array.from({ length: 40_000 }, (_, n) => line(n)).join(""));
  const files = [{ source: "big", paths: [path] }];
  const seen = await texts(dir, { source: "big", sinceMs: timeAt(0) + 39_998_000 }, files);
  assert.deepEqual(seen, [line(39_998).trim(), line(39_999).trim()]);
});

test("whoever follows gets the last lines in order, and then what comes, of processes and of files that are rotated", async () => {
  using dir = tempDir();
  const spool = wrote(dir, "api", "stdout", at(1, "one") + at(3, "three"));
  const path = dir.write("app.log", at(2, "two"));
  const stop = new AbortController();
  const seen: string[] = [];
  const query = { service: "web", last: 2, follow: true, grep: "^20" };
  const reading = (async () => {
    for await (const line of readLogs(query, depsOf(dir, [{ source: "app", paths: [path] }]), stop.signal))
      seen.push("note" in line ? line.note : line.text.slice(26));
  })();
  await until(() => seen.length === 2, "the last two");
  appendFileSync(spool, `${at(4, "four")}not wanted\n${at(5, "five")}`);
  await until(() => seen.length === 4, "what came");
  renameSync(path, `${path}.1`);
  writeFileSync(path, at(6, "six"));
  await until(() => seen.length === 5, "what came after the rotation");
  assert.deepEqual(seen, ["two", "three", "four", "five", "six"]);
  stop.abort();
  await reading;
});

test("a service, a process or a log that is not there is refused, not silent, and so is what is no expression", () => {
  using dir = tempDir();
  const ask = (query: Partial<LogQuery>) => () =>
    readLogs({ service: "web", last: 1, follow: false, ...query }, depsOf(dir), new AbortController().signal);
  assert.throws(ask({ service: "nope" }), { code: "not-found", message: /no service "nope"/ });
  assert.throws(ask({ service: "constructor" }), { code: "not-found" });
  assert.throws(ask({ process: "nope" }), { code: "not-found", message: /no process of web "nope"/ });
  assert.throws(ask({ source: "nope" }), { code: "not-found", message: /no log of web "nope"/ });
  assert.throws(ask({ grep: "(" }), { code: "bad-request", message: /grep: "\(" must be a regular expression/ });
  const nobody = () => readLogs({ process: "api", follow: false }, depsOf(dir), new AbortController().signal);
  assert.throws(nobody, { code: "bad-request" });
});
