// How one agent grows with its services: until all are ready, at rest, in memory, and until all are stopped.
import { setTimeout as rest } from "node:timers/promises";
import { median, report } from "./helpers/bench.js";
import { Herd } from "./helpers/herd.js";
import { cpuMs, memoryMib } from "./helpers/proc.js";

const sizes = [1, 50, 200];
const rounds = Number(process.argv[2] ?? 3);
const seconds = Number(process.argv[3] ?? 20);
/** All services at once would measure a queue of requests: this is what a patient script does. */
const stopsAtATime = 16;

type Figures = { readyMs: number; cpu: number; rss: number; pss: number; keepersPss: number; stopMs: number };

async function measure(size: number): Promise<Figures> {
  await using herd = new Herd(size);
  const readyMs = await herd.exec("service.ready");
  await rest(2000); // What a start leaves to do is not rest.
  const before = cpuMs(herd.agentPid);
  await rest(seconds * 1000);
  const cpu = (cpuMs(herd.agentPid) - before) / seconds;
  const { rss, pss } = memoryMib(herd.agentPid);
  const keepersPss = herd.keepers().reduce((sum, keeper) => sum + memoryMib(keeper).pss, 0);
  return { readyMs, cpu, rss, pss, keepersPss, stopMs: await herd.stop(stopsAtATime) };
}

// One of each size in turn, so that a slow moment of the machine meets them all.
const measured = new Map(sizes.map((size) => [size, [] as Figures[]]));
for (let round = 0; round < rounds; round++) for (const size of sizes) measured.get(size)?.push(await measure(size));

const columns = ["readyMs", "cpu", "rss", "pss", "keepersPss", "stopMs"] as const;
const mediansOf = (size = 0): number[] =>
  columns.map((column) => median((measured.get(size) ?? []).map((figures) => figures[column])));
const [least, most] = [sizes[0] ?? 0, sizes.at(-1) ?? 0];
const [ofLeast, ofMost] = [mediansOf(least), mediansOf(most)];
report(`one agent with services that sleep, medians of ${rounds}; at rest for ${seconds} s`, [
  [
    "services",
    "ready ms",
    "CPU ms/s",
    "RSS MiB",
    "PSS MiB",
    "keepers' PSS MiB",
    `stopped, ${stopsAtATime} at a time, ms`,
  ],
  ...sizes.map((size) => [`${size}`, ...mediansOf(size)]),
  ["each further", ...ofMost.map((figure, at) => (figure - (ofLeast[at] ?? 0)) / (most - least))],
]);
