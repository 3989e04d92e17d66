import assert from "node:assert/strict";
import { appendFileSync } from "node:fs";
import { test } from "node:test";
import { logNumbers } from "../../../config/numbers/log.js";
import { tempDir } from "../../../testing/temp-dir.js";
import { askLog } from "./log.js";

const never = new AbortController().signal;

/** The spools of a service, and a source of numbers from its lines that begins now. */
function source(settings: object, before: Readonly<Record<string, string>> = {}) {
  const dir = tempDir();
  for (const [name, text] of Object.entries(before)) dir.write(name, text);
  const ask = askLog(logNumbers.parse(settings), { service: "web", spools: dir.path, unit: undefined });
  return {
    ask,
    write: (name: string, text: string) => appendFileSync(dir.at(name), text),
    look: async (): Promise<string[]> =>
      (await ask(never)).flatMap(({ type, points }) => points.map(({ name, value }) => `${type} ${name} ${value}`)),
    [Symbol.dispose]: () => dir[Symbol.dispose](),
  };
}

const counted = { n: { match: "!", type: "counter" } };

test("a pattern that would take for ever elsewhere counts like any other", async () => {
  using its = source({ values: { letters: { match: "^(a+)+$", type: "counter" }, ...counted } });
  its.write("web.main.stdout", `${"a".repeat(5000)}!\naa\n`);
  assert.deepEqual(await its.look(), ["counter letters 1", "counter n 1"]);
});

test("the instances of a process count together, and no other process", async () => {
  using its = source({ process: "worker", values: counted }, { "web.worker@2.stderr": "old!\n" });
  its.write("web.worker@1.stdout", "new!\n");
  its.write("web.worker@2.stderr", "new!\n");
  its.write("web.workers.stdout", "new!\n");
  assert.deepEqual(await its.look(), ["counter n 2"]);
});

test("what a look has no time for is left to the next one, and nothing counts twice", async () => {
  using its = source({ values: counted });
  const many = 20_000;
  its.write("web.main.stdout", "a line!\n".repeat(many));
  const late = new AbortController();
  late.abort();
  await assert.rejects(its.ask(late.signal));
  assert.deepEqual(await its.look(), [`counter n ${many}`]);
  assert.deepEqual(await its.look(), [`counter n ${many}`]);
});

test("numbers of lines that are JSON are a histogram with buckets in seconds, as long as nothing else is said", async () => {
  using its = source({ values: { t: { json: "ms", scale: 0.001 } } });
  its.write("web.main.stdout", '{"ms":40000}\n{"ms":7}\nno JSON\n');
  const shown = await its.look();
  const buckets = shown.filter((series) => series.includes("_bucket")).map((series) => Number(series.split(" ")[2]));
  assert.deepEqual(buckets, [0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2]);
  assert.deepEqual(shown.slice(-2), ["histogram t_sum 40.007", "histogram t_count 2"]);
});
