import type { LogLine, LogNote } from "@ostler/protocol";
import assert from "node:assert/strict";
import { appendFileSync, mkdirSync, readdirSync, readlinkSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { test } from "node:test";
import { systemClock } from "../../core/clock.js";
import type { LogQuery } from "../../core/log-query.js";
import { spoolPath } from "../../platform/spool.js";
import { configured, recordingBus } from "../../testing/bus.js";
import { heapBytes } from "../../testing/heap.js";
import { tempDir, type TempDir } from "../../testing/temp-dir.js";
import { until } from "../../testing/until.js";
import { readLogs, type LogsDeps } from "./logs.js";
import { OutputTimes } from "./output-times.js";
import type { NamedLog } from "./plans.js";

type Bus = ReturnType<typeof recordingBus>["bus"];

const mebibyte = 1024 * 1024;

test("following 200 quiet services beside a busy one costs no more memory with each of its lines", async () => {
  using dir = tempDir();
  const { bus } = recordingBus();
  for (let n = 0; n < 100; n++) bus.publish(configured(`quiet-${n}`, [], ["main"]));
  bus.publish(configured("busy", [], ["main"]));
  const path = wrote(dir, "busy", "before\n");
  await using followed = following({ last: 1 }, depsOf(dir, bus));
  assert.equal(await followed.next(), "before");
  const line = async (): Promise<void> => {
    const next = followed.next();
    appendFileSync(path, "line\n");
    assert.equal(await next, "line");
  };
  const heapAfter = async (lines: number): Promise<number> => {
    for (let n = 0; n < lines; n++) await line();
    return heapBytes();
  };
  const before = await heapAfter(300);
  const grownBytes = (await heapAfter(700)) - before;
  assert.ok(grownBytes < 5 * mebibyte, `${grownBytes} bytes more are held after 700 lines`);
});

test("a log whose directory cannot be read is told, hides no other, and leaves no file open", async () => {
  using dir = tempDir();
  const { bus } = recordingBus();
  bus.publish(configured("web", [], ["main"]));
  wrote(dir, "web", "one\n");
  symlinkSync("loop", dir.at("loop"));
  const files = [{ source: "app", paths: [dir.at("loop/*.log")] }];
  const seen: string[] = [];
  const query = { service: "web", last: "all" as const, follow: false };
  for await (const line of readLogs(
    query,
    depsOf(dir, bus, () => files),
    new AbortController().signal,
  ))
    seen.push(textOf(line));
  assert.match(seen[0] ?? "", /^note: .*loop.* ELOOP/);
  assert.deepEqual(seen.slice(1), ["one"]);
  assert.deepEqual(openBelow(dir), []);
});

test("whoever follows sees what a later reload adds, from its first line", async () => {
  using dir = tempDir();
  const { bus } = recordingBus();
  bus.publish(configured("web"));
  const web = wrote(dir, "web", "before\n");
  await using followed = following({ last: 1 }, depsOf(dir, bus));
  assert.equal(await followed.next(), "before");
  bus.publish(configured("new"));
  const path = wrote(dir, "new", "first\n");
  assert.equal(await followed.next(), "first");
  for (const one of [web, path]) {
    appendFileSync(one, `${one}\n`);
    assert.equal(await followed.next(), one);
  }
});

test("of what was there before a reload adds it, only what comes is seen", async () => {
  using dir = tempDir();
  const { bus } = recordingBus();
  bus.publish(configured("web"));
  wrote(dir, "web", "before\n");
  const spool = wrote(dir, "old", "long ago\n");
  const file = dir.write("old.log", "long ago\n");
  const files = (service: string): NamedLog[] => (service === "old" ? [{ source: "app", paths: [file] }] : []);
  const clock = { ...systemClock, now: () => Date.now() + 60_000 }; // To its clock all that is there is a minute old.
  await using followed = following({ last: 1 }, { ...depsOf(dir, bus, files), clock });
  assert.equal(await followed.next(), "before");
  const added = followed.next();
  bus.publish(configured("old"));
  await until(() => openBelow(dir).includes(spool) && openBelow(dir).includes(file), "both are open");
  // What is written before their ends were looked for was there before them.
  let came: string | undefined;
  void added.then((line) => (came = line));
  await until(() => {
    for (const path of [spool, file]) appendFileSync(path, "new\n");
    return came !== undefined;
  }, "what is written comes");
  appendFileSync(file, "last\n");
  while (came !== "last") {
    assert.equal(came, "new");
    came = await followed.next();
  }
});

test("a service that is gone is followed no more, without a word, and again when it is there again", async () => {
  using dir = tempDir();
  const { bus } = recordingBus();
  bus.publish(configured("web"));
  const path = wrote(dir, "web", "one\n");
  await using followed = following({ service: "web", last: 1 }, depsOf(dir, bus));
  assert.equal(await followed.next(), "one");
  const next = followed.next();
  await until(() => openBelow(dir).length > 0, "it is followed");
  bus.publish({ type: "service.removed", data: { service: "web" } });
  await until(() => openBelow(dir).length === 0, "it is closed");
  appendFileSync(path, "nobody listens\n");
  bus.publish(configured("web"));
  await until(() => openBelow(dir).length > 0, "it is followed again");
  let came: string | undefined;
  void next.then((line) => (came = line));
  await until(() => {
    appendFileSync(path, "two\n");
    return came !== undefined;
  }, "what it writes comes");
  assert.equal(came, "two");
});

/** The files of a directory that this process has open. */
function openBelow(dir: TempDir): string[] {
  return readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${fd}`);
      return path.startsWith(dir.path) ? [path] : [];
    } catch {
      return []; // It was that of the directory itself.
    }
  });
}

function wrote(dir: TempDir, service: string, text: string): string {
  const path = spoolPath(dir.at("output"), service, "main", "stdout");
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

function depsOf(dir: TempDir, bus: Bus, files: LogsDeps["files"] = () => []): LogsDeps {
  return {
    spools: dir.at("output"),
    times: new OutputTimes(dir.at("times")),
    state: () => bus.state,
    files,
    clock: systemClock,
  };
}

/** What whoever follows gets, from now on. */
function following(query: Partial<LogQuery>, deps: LogsDeps) {
  const stop = new AbortController();
  const lines = readLogs({ last: 0, follow: true, ...query }, deps, stop.signal);
  return {
    next: async () => textOf((await lines.next()).value as LogLine | LogNote),
    async [Symbol.asyncDispose]() {
      stop.abort();
      for await (const line of lines) textOf(line); // It ends.
    },
  };
}

function textOf(line: LogLine | LogNote): string {
  return "note" in line ? `note: ${line.note}` : line.text;
}
