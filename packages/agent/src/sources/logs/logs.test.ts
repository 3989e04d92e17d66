import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { test } from "node:test";
import { systemClock } from "../../core/clock.js";
import { spoolPath, type Stream } from "../../platform/spool.js";
import { configured, recordingBus } from "../../testing/bus.js";
import { tempDir, type TempDir } from "../../testing/temp-dir.js";
import { readLogs, type LogQuery } from "./logs.js";

const { bus } = recordingBus();
bus.publish(configured("web", [], ["api", "worker"]));

function wrote(dir: TempDir, process: string, stream: Stream, text: string): void {
  const path = spoolPath(dir.path, "web", process, stream);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

async function logs(dir: TempDir, query: Partial<LogQuery>): Promise<string[]> {
  const lines: string[] = [];
  const whole = { service: "web", last: 10, follow: false, ...query };
  const deps = { spools: dir.path, state: () => bus.state, clock: systemClock };
  for await (const { process, stream, text } of readLogs(whole, deps, new AbortController().signal))
    lines.push(`${process} ${stream}: ${text}`);
  return lines.sort();
}

test("the logs of a service are what all its processes wrote, on both streams", async () => {
  using dir = tempDir();
  wrote(dir, "api", "stdout", "out\n");
  wrote(dir, "api", "stderr", "err\n");
  wrote(dir, "worker", "stdout", "one\ntwo\n");
  assert.deepEqual(await logs(dir, {}), [
    "api stderr: err",
    "api stdout: out",
    "worker stdout: one",
    "worker stdout: two",
  ]);
  assert.deepEqual(await logs(dir, { process: "worker", last: 1 }), ["worker stdout: two"]);
});

test("a service or process that is not there is refused, not silent", () => {
  using dir = tempDir();
  const ask = (query: Partial<LogQuery>) => () =>
    readLogs(
      { service: "web", last: 1, follow: false, ...query },
      { spools: dir.path, state: () => bus.state, clock: systemClock },
      new AbortController().signal,
    );
  assert.throws(ask({ service: "nope" }), { code: "not-found", message: /no service "nope"/ });
  assert.throws(ask({ service: "constructor" }), { code: "not-found" });
  assert.throws(ask({ process: "nope" }), { code: "not-found", message: /no process of web "nope"/ });
});
