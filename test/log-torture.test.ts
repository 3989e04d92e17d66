import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, existsSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { TestAgent, fixture } from "./helpers/agent.js";
import { seeded } from "./helpers/seeded.js";
import { until } from "./helpers/until.js";

const lines = 300_000;

/** An agent that hands on every line of some files, and tells of some of them. */
async function following(files: string, match: string): Promise<TestAgent> {
  return TestAgent.start(`
services:
  web:
    command: [sleep, "1000"]
    logs:
      - name: it
        file: ${files}
        from: beginning
        forward: {file: DIR/forwarded, max_size: 1GiB}
        patterns: [{name: n, match: '${match}', limit: {events: 10000, per: 1s}}]
`);
}

const forwarded = (agent: TestAgent): string => join(agent.directory, "forwarded");
const sizeOf = (path: string): number => (existsSync(path) ? statSync(path).size : 0);
const linesIn = (path: string): string[] => readFileSync(path, "utf8").split("\n").slice(0, -1);

/** Which numbers are missing, and which are there more than once. */
function compare(numbers: readonly number[], count: number): { lost: number[]; doubled: number[] } {
  const times = new Uint8Array(count + 1);
  for (const number of numbers) times[number] = (times[number] ?? 0) + 1;
  const all = Array.from({ length: count }, (_, at) => at + 1);
  return { lost: all.filter((one) => times[one] === 0), doubled: all.filter((one) => (times[one] ?? 0) > 1) };
}

const some = ({ lost, doubled }: ReturnType<typeof compare>): unknown => ({
  lost: lost.length,
  doubled: doubled.length,
  first: [lost.slice(0, 5), doubled.slice(0, 5)],
});
const none = { lost: 0, doubled: 0, first: [[], []] };

for (const mode of ["rename", "copytruncate"]) {
  const seed = Number(process.env.OSTLER_SEED ?? Date.now() % 100_000);
  test(`nothing is lost and nothing doubled while a writer rotates by ${mode} and the agent is killed (seed ${seed})`, async () => {
    const random = seeded(seed);
    await using agent = await following("DIR/it.log", "^line (?<n>\\d+)000 of");
    const path = join(agent.directory, "it.log");
    const writer = spawn(process.execPath, [fixture("../writer.mjs"), path, mode, String(lines), String(seed)], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    let isWriting = true;
    const written = once(writer, "exit").then(() => (isWriting = false));
    for (let kills = 0; kills < 12; kills++) {
      const wanted = sizeOf(forwarded(agent)) + random.below(400_000);
      await until(() => sizeOf(forwarded(agent)) > wanted || !isWriting, "more has come, or all is written");
      await agent.end("SIGKILL");
      if (random.below(3) === 0) await written; // All the rest is rotated while nobody looks.
      await agent.run();
    }
    await written;
    await until(() => linesIn(forwarded(agent)).length >= lines, "everything has come", 60_000).catch(() => undefined);
    const numbers = linesIn(forwarded(agent)).map((line) => Number(/^line (\d+) of \w+, grüße$/.exec(line)?.[1]));
    assert.deepEqual(some(compare(numbers, lines)), none);
    const told = (await agent.events("pattern.matched")).map(({ data }) => Number((data.captures as { n: string }).n));
    assert.deepEqual(some(compare(told, lines / 1000)), none);
    assert.deepEqual(await agent.events("log.gapped"), []);
  });
}

test("nothing is lost and nothing doubled of 500 files that are rotated while the agent is killed", async () => {
  await using agent = await following("DIR/many/*.log", "^never$");
  const { mkdirSync } = await import("node:fs");
  mkdirSync(join(agent.directory, "many"));
  const files = Array.from({ length: 500 }, (_, at) => join(agent.directory, "many", `${at}.log`));
  let number = 0;
  const writeAll = (): void => {
    for (const file of files)
      appendFileSync(file, `line ${++number} of many, grüße\nline ${++number} of many, grüße\n`);
  };
  for (let round = 0; round < 6; round++) {
    writeAll();
    if (round % 2 === 1) for (const file of files) rotate(file);
    const before = sizeOf(forwarded(agent));
    await until(() => sizeOf(forwarded(agent)) > before, "something has come");
    writeAll();
    await agent.end("SIGKILL");
    writeAll();
    await agent.run();
  }
  await until(() => linesIn(forwarded(agent)).length >= number, "everything has come", 60_000).catch(() => undefined);
  const numbers = linesIn(forwarded(agent)).map((line) => Number(/^line (\d+) /.exec(line)?.[1]));
  assert.deepEqual(some(compare(numbers, number)), none);
});

function rotate(path: string): void {
  for (let at = 8; at >= 1; at--) if (existsSync(`${path}.${at}`)) renameSync(`${path}.${at}`, `${path}.${at + 1}`);
  renameSync(path, `${path}.1`);
  writeFileSync(path, "");
}
