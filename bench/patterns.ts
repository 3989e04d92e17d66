// How many lines a second are searched for patterns that ignore case, on one core, without reading them from anywhere. Beside it
// JavaScript's own engine, which decodes each line and tries one pattern after the other.
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { median, report, root } from "./helpers/bench.js";

// Inside the agent: these are no public surfaces, but what is measured is nothing else.
const inside = (path: string): Promise<unknown> => import(join(root, "packages/agent/dist", path));
const { Pattern } = (await inside(
  "core/pattern/pattern.js",
)) as typeof import("../packages/agent/dist/core/pattern/pattern.js");
const { PatternSet } = (await inside(
  "core/pattern/pattern-set.js",
)) as typeof import("../packages/agent/dist/core/pattern/pattern-set.js");

const blockBytes = 256 * 1024;
const lineBytes = 100;
const rounds = 15;
const blocksARound = 40;

const literal = ["handshake failed"];
const captures = ["failed after (?<ms>\\d+) ms"];
const twenty = [
  ...["error", "panic(ked)?", "fatal", "handshake failed", "connection refused", "time(d )?out", "out of memory"],
  ...["segfault|sigsegv", "denied", "unreachable", "Select\\(Failed\\)", "invalid (?<what>\\w+) token", "traceback"],
  ...["\\w+Exception", "no space left", "broken pipe", "reset by peer", "unauthori[sz]ed", "corrupt", "dead ?lock"],
];

/** Lines as services write them, each another; every so many of them says that something has failed. */
function blockOf(hitEvery: number): { block: Buffer; lines: number } {
  const words =
    "request from client served in cache miss path item order user session peer state level=info status=200 took ms GET /v1/items".split(
      " ",
    );
  let seed = 12_345;
  const random = (below: number): number => (seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0) % below;
  const all: string[] = [];
  while (all.length < blockBytes / lineBytes) {
    let line = `2026-11-21T09:${random(60)}:${random(60)}.${random(1000)}Z `;
    if (all.length % hitEvery === hitEvery - 1) line += "peer 4f1b: handshake failed after 4711 ms, retry=3 ";
    while (line.length < lineBytes)
      line += `${random(3) === 0 ? random(1e6).toString(36) : (words[random(words.length)] ?? "")} `;
    all.push(line.slice(0, lineBytes - 1));
  }
  return { block: Buffer.from(`${all.join("\n")}\n`), lines: all.length };
}

/** Lines a second, at the median of the rounds. */
function rateOf(lines: number, pass: () => void): number {
  const rates: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const startMs = performance.now();
    for (let block = 0; block < blocksARound; block++) pass();
    rates.push((lines * blocksARound) / ((performance.now() - startMs) / 1000));
  }
  return median(rates);
}

function byV8(regexes: readonly RegExp[], block: Buffer, hit: (match: RegExpExecArray) => void): void {
  for (let start = 0; start < block.length;) {
    const end = block.indexOf(10, start);
    const text = block.toString("utf8", start, end);
    for (const regex of regexes) {
      const match = regex.exec(text);
      if (match) hit(match);
    }
    start = end + 1;
  }
}

const rows: (string | number)[][] = [["patterns", "lines/s", "ns a byte", "V8 line by line", "ratio"]];
const never = Infinity;
for (const [what, sources, hitEvery] of [
  ["1 literal, no line has it", literal, never],
  ["1 with a group, 1 % of lines", captures, 100],
  ["20, no line has one", twenty, never],
  ["20, 1 % of lines", twenty, 100],
] as const) {
  const { block, lines } = blockOf(hitEvery);
  let [ours, theirs] = [0, 0];
  const set = new PatternSet(sources.map((source) => Pattern.parse(source)));
  const rate = rateOf(lines, () => set.scan(block, ({ found }) => (ours += found[0]?.match.end ?? 0)));
  const regexes = sources.map((source) => new RegExp(source, "i"));
  const beside = rateOf(lines, () => byV8(regexes, block, ({ 0: all, index }) => (theirs += index + all.length)));
  if (ours !== theirs) throw new Error(`${what}: ${ours} is not ${theirs}`);
  rows.push([what, rate, 1e9 / rate / lineBytes, beside, rate / beside]);
}
report(`patterns in lines of ${lineBytes} bytes, blocks of ${blockBytes / 1024} KiB`, rows);

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;
const heldMiB = (): number => {
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return (heapUsed + arrayBuffers) / 1024 ** 2;
};
const { block } = blockOf(100);
const before = heldMiB();
const set = new PatternSet(twenty.map((source) => Pattern.parse(source)));
set.scan(block, () => undefined);
const once = heldMiB();
for (let more = 0; more < 4096; more++) set.scan(block, () => undefined);
report("memory of 20 patterns", [
  ["MiB held after a block", once - before],
  ["MiB more after a GiB", heldMiB() - once],
]);
