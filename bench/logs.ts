// How many lines a second the agent follows and looks at, beside tail -F | grep -c and the `tail` package in the same run, each held to
// one core; and how long it takes from a line to its event.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, closeSync, openSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { get } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";
import { median, ostler, quantile, report, root, until, Workplace } from "./helpers/bench.js";
import { cpuMs, memoryMib } from "./helpers/proc.js";

const million = 1_000_000;
const lines = Number(process.argv[2] ?? 5) * million;
const latencySeconds = 10;
const perSecond = 1000;
/** One line in so many has what is looked for. */
const hitEvery = 1000;
const onOneCore = ["taskset", "-c", "1"];

/** Lines of 100 bytes with their newline. */
function write(path: string, count: number): void {
  const file = openSync(path, "a");
  const block: string[] = [];
  for (let at = 0; at < 10_000; at++) {
    const word = at % hitEvery === 0 ? "handshake failed" : "request served  ";
    block.push(`2026-11-21T10:00:00.000Z INFO net: ${word} peer=10.0.0.${at % 250} id=${at} `.padEnd(99, "x"), "\n");
  }
  const bytes = Buffer.from(block.join(""));
  for (let at = 0; at < count; at += 10_000) writeSync(file, bytes);
  closeSync(file);
}

const words =
  "lost closed refused denied expired panic fatal overflow timeout unreachable corrupt stale invalid dropped killed rotated".split(
    " ",
  );
const patternSets: [name: string, patterns: string[]][] = [
  ["one word", ["handshake failed"]],
  ["one with captures", ["handshake (?<how>\\w+) +peer=(?<peer>\\S+)"]],
  [
    "twenty",
    [
      "handshake failed",
      "peer=10\\.9\\.\\d+\\.\\d+",
      "id=(\\d+)9999 ",
      "^\\S+ ERROR ",
      ...words.map((word) => `${word} (?<peer>\\S+)`),
    ],
  ],
  ["none that is in any line", ["no such words"]],
];

const configOf = (place: Workplace, patterns: readonly string[]): string =>
  place.write(
    "ostler.yaml",
    `agent: {data_dir: ./data, log: {output: ./log}}
http: {listen: "127.0.0.1:21690"}
services:
  net:
    command: [sleep, "600"]
    logs:
      - name: net
        file: ./net.log
        from: beginning
        patterns:${patterns.length === 0 ? " []" : ""}
${patterns.map((text, at) => `          - {name: p${at}, match: '${text}'}`).join("\n")}
`,
  );

function metric(name: string): Promise<number> {
  return new Promise((resolve) => {
    get({ port: 21_690, host: "127.0.0.1", path: "/metrics" }, (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => (text += chunk.toString()));
      response.on("end", () => resolve(Number(new RegExp(`^${name}\\{.*\\} (\\d+)$`, "m").exec(text)?.[1] ?? 0)));
    }).on("error", () => resolve(-1));
  });
}

/** How much a process has read so far: that of all files, without those that are mapped. */
function bytesRead(pid: number): number {
  return Number(/^rchar: (\d+)/m.exec(readFileSync(`/proc/${pid}/io`, "utf8"))?.[1] ?? 0);
}

type Run = { tookMs: number; cpuMs: number; grownMiB: number };

/** From the first write until all of it is read, and then counted. CPU is that of the agent alone. */
async function follow(patterns: readonly string[]): Promise<Run> {
  await using place = new Workplace();
  writeFileSync(place.path("net.log"), "");
  const agent = place.spawn([...onOneCore, ...ostler, "run", "-c", configOf(place, patterns)]);
  const pid = agent.pid ?? 0;
  await until(async () => (await metric("ostler_log_lines_total")) >= 0 && (await metric("ostler_process_up")) === 1);
  appendFileSync(place.path("net.log"), "first\n");
  await until(async () => (await metric("ostler_log_lines_total")) === 1);
  const before = { cpuMs: cpuMs(pid), rss: memoryMib(pid).rss, read: bytesRead(pid) };
  const startMs = performance.now();
  write(place.path("net.log"), lines);
  let peak = 0;
  await until(() => {
    peak = Math.max(peak, memoryMib(pid).rss);
    return bytesRead(pid) - before.read >= lines * 100;
  });
  const run = { tookMs: performance.now() - startMs, cpuMs: cpuMs(pid) - before.cpuMs, grownMiB: peak - before.rss };
  await until(async () => (await metric("ostler_log_lines_total")) === lines + 1);
  const { execFileSync } = await import("node:child_process");
  execFileSync(ostler[0] ?? "", [...ostler.slice(1), "-c", place.path("ostler.yaml"), "stop", "net"], {
    stdio: "ignore",
  });
  agent.kill("SIGTERM");
  return run;
}

/** The same by a program that ends when it has found the last of what is looked for. */
async function peer(command: (path: string, place: Workplace) => string[]): Promise<Run> {
  await using place = new Workplace();
  const path = place.path("net.log");
  writeFileSync(path, "");
  write(path, lines);
  const beforeMs = childrenCpuMs();
  const startMs = performance.now();
  const child = spawn("taskset", [...onOneCore.slice(1), ...command(path, place)], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  child.stdout.resume(); // grep that writes to /dev/null ends at the first line it finds.
  await once(child, "exit");
  return { tookMs: performance.now() - startMs, cpuMs: childrenCpuMs() - beforeMs, grownMiB: NaN };
}

/** CPU time of the children that have ended, with theirs. */
function childrenCpuMs(): number {
  const stat = readFileSync("/proc/self/stat", "latin1");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[13]) + Number(fields[14])) * 10;
}

const hits = lines / hitEvery;
const tailPackage = createRequire(join(root, "packages/agent/package.json")).resolve("tail");
const peers: [name: string, command: (path: string, place: Workplace) => string[]][] = [
  [
    "tail -F | grep -c",
    (path) => [
      "bash",
      "-c",
      `exec 3< <(exec tail -n +1 -F '${path}'); tail=$!; grep -i -m ${hits} -c 'handshake failed' <&3; kill $tail; wait $tail`,
    ],
  ],
  [
    "the package tail",
    (path, place) => [
      process.execPath,
      place.write(
        "tail.cjs",
        `const { Tail } = require(${JSON.stringify(tailPackage)});
let found = 0;
new Tail(${JSON.stringify(path)}, { fromBeginning: true }).on("line", (line) => {
  if (/handshake failed/i.test(line) && ++found === ${hits}) process.exit();
});`,
      ),
    ],
  ],
  [
    "a plain loop in Node",
    (path, place) => [
      process.execPath,
      place.write(
        "loop.cjs",
        `const fs = require("node:fs");
const file = fs.openSync(${JSON.stringify(path)}, "r");
const buffer = Buffer.alloc(64 * 1024);
let found = 0, rest = "";
for (let read; (read = fs.readSync(file, buffer, 0, buffer.length, null)) > 0; ) {
  const text = rest + buffer.latin1Slice(0, read);
  let at = 0;
  for (let end; (end = text.indexOf("\\n", at)) >= 0; at = end + 1)
    if (/handshake failed/i.test(text.slice(at, end)) && ++found === ${hits}) process.exit();
  rest = text.slice(at);
}`,
      ),
    ],
  ],
];

/** From the write of a line to its event, over the stream of events that anybody can follow. */
async function latencies(): Promise<number[]> {
  await using place = new Workplace();
  writeFileSync(place.path("net.log"), "");
  const config = configOf(place, ["at=(?<at>[\\d.]+)"]);
  writeFileSync(
    config,
    readFileSync(config, "utf8").replace("name: p0,", "name: p0, limit: {events: 10000, per: 1s},"),
  );
  const agent = place.spawn([...ostler, "run", "-c", config]);
  await until(async () => (await metric("ostler_process_up")) === 1);
  const times: number[] = [];
  let rest = "";
  const stream = get(
    { port: 21_690, host: "127.0.0.1", path: "/v1/events?type=pattern.matched&follow=true" },
    (response) =>
      response.on("data", (chunk: Buffer) => {
        const now = performance.now();
        const parts = (rest + chunk.toString()).split("\n");
        rest = parts.pop() ?? "";
        for (const part of parts) {
          const at = /at=([\d.]+)/.exec(part)?.[1];
          if (at !== undefined) times.push(now - Number(at));
        }
      }),
  ).on("error", () => undefined);
  const file = openSync(place.path("net.log"), "a");
  const beginMs = performance.now();
  let written = 0;
  while (performance.now() - beginMs < latencySeconds * 1000) {
    const due = Math.floor(((performance.now() - beginMs) / 1000) * perSecond);
    for (; written < due; written++) writeSync(file, `at=${performance.now()} ${"x".repeat(60)}\n`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  closeSync(file);
  await until(() => times.length === written);
  stream.destroy();
  const { execFileSync } = await import("node:child_process");
  execFileSync(ostler[0] ?? "", [...ostler.slice(1), "-c", config, "stop", "net"], { stdio: "ignore" });
  agent.kill("SIGTERM");
  return times;
}

const rowOf = (name: string, { tookMs, cpuMs: used, grownMiB }: Run): (string | number)[] => [
  name,
  lines / million / (tookMs / 1000),
  used / (lines / million),
  Number.isNaN(grownMiB) ? "" : grownMiB,
];
const rows: (string | number)[][] = [];
// The first file of all is slower to write than those for which the memory of one before it is used again.
await follow([]);
for (const [name, patterns] of patternSets) rows.push(rowOf(`ostler, ${name}`, await follow(patterns)));
for (const [name, command] of peers) rows.push(rowOf(name, await peer(command)));
report(`${lines / million} million lines of 100 bytes, one core each`, [
  ["", "M lines/s", "CPU ms per million", "RSS grown, MiB"],
  ...rows,
]);
const took = await latencies();
report(`from the write of a line to its event, ms, ${perSecond} lines/s for ${latencySeconds} s`, [
  ["", "events", "p50", "p99", "worst"],
  ["ostler", `${took.length}`, median(took), quantile(took, 0.99), Math.max(...took)],
]);
