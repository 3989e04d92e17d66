import assert from "node:assert/strict";
import { test } from "node:test";
import { usageLines, type Figures } from "./usage-lines.js";

const minuteAgo = (): string => new Date(Date.now() - 60_000).toISOString();

const figures = (more: object = {}): Figures => ({
  main: {
    run: 1,
    at: minuteAgo(),
    startedAt: minuteAgo(),
    pids: [11, 12, 13],
    children: { helper: 1, worker: 2 },
    cpuSeconds: 3.5,
    cpuPercent: 12.34,
    residentBytes: 64 * 1024 ** 2,
    openFiles: 9,
    threads: 4,
    peaks: { run: 1, cpuPercent: 80, residentBytes: 65 * 1024 ** 2, openFiles: 9, threads: 6 },
    ...more,
  },
});

test("a process is shown with what it uses, and the most it has used", () => {
  assert.deepEqual(usageLines("web", figures()).split("\n"), [
    "web/main",
    "  uptime      1m",
    "  pids        11 12 13",
    "  children    2 worker, 1 helper",
    "  CPU         12.3 %, at most 80.0 %; 3.50 s in all",
    "  memory      64 MiB, at most 65 MiB",
    "  open files  9",
    "  threads     4, at most 6",
    "  measured    1m ago",
  ]);
});

test("what could not be read is unknown, and a large tree is told by its number", () => {
  const { main } = figures({ children: {}, pids: Array.from({ length: 25 }, (_, at) => at + 1) });
  const { openFiles: _, cpuPercent, ...rest } = main ?? assert.fail();
  assert.ok(_ && cpuPercent);
  const lines = usageLines("web", { main: { ...rest, peaks: { run: 1, residentBytes: 1, threads: 4 } } });
  assert.match(lines, /open files {2}unknown$/m);
  assert.match(lines, /CPU {9}unknown; /);
  assert.match(lines, /18 19 20 and 5 more$/m);
  assert.match(lines, /children {4}none$/m);
});
