import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import type { FollowerFiles } from "../../testing/log-follower.js";
import type { WriterPlan } from "../../testing/log-writer.js";
import { randomBelow } from "../../testing/random.js";
import { until } from "../../testing/until.js";
import { tempDir, type TempDir } from "../../testing/temp-dir.js";
import type { Gap } from "./place.js";

const lines = 60_000;

/** Another one each day; a failure tells it, and `OSTLER_SEED` repeats it. */
const seed = Number(process.env.OSTLER_SEED ?? Math.floor(Date.now() / 86_400_000));

function program(name: string): string {
  return fileURLToPath(new URL(`../../testing/${name}.js`, import.meta.url));
}

function start(files: FollowerFiles): ChildProcess {
  return spawn(process.execPath, [program("log-follower"), "follow", JSON.stringify(files)], {
    stdio: ["pipe", "inherit", "inherit"],
  });
}

type Outcome = { numbers: Map<number, number>; gaps: (Gap | { fault: string })[]; kills: number };

/** Writes and rotates in one process, follows in another that is killed again and again, and counts how often each number came. */
async function torture(directory: TempDir, rotate: WriterPlan["rotate"]): Promise<Outcome> {
  const below = randomBelow(seed + rotate.length);
  const path = directory.at("app.log");
  const files = { path, lines: directory.at("lines"), position: directory.at("position"), gaps: directory.at("gaps") };
  directory.write("app.log", "000000000 begun\n");
  const first = start(files);
  await until(() => existsSync(files.position), "it has begun"); // What was rotated before that is nobody's concern.
  first.kill("SIGKILL");
  const writer = spawn(
    process.execPath,
    [program("log-writer"), "write", JSON.stringify({ path, seed, lines, rotate })],
    { stdio: "inherit" },
  );
  const written = once(writer, "exit");
  let kills = 0;
  for (let isOver = false; !isOver;) {
    const child = start(files);
    const ended = once(child, "exit");
    isOver = await Promise.race([written.then(() => true), sleep(100 + below(500), false)]);
    if (isOver) child.stdin?.write("end\n");
    else if (child.kill("SIGKILL")) kills++;
    await ended;
  }
  assert.deepEqual(await written, [0, null]);
  const whole = read(files.lines).filter((line) => /^\d+:\d+ \d{9}$/.test(line));
  const places = new Map(whole.map((line) => line.split(" ") as [string, string]));
  const numbers = new Map<number, number>();
  for (const number of places.values()) numbers.set(Number(number), (numbers.get(Number(number)) ?? 0) + 1);
  return { numbers, gaps: read(files.gaps).map((line) => JSON.parse(line) as Gap), kills };
}

function read(path: string): string[] {
  return existsSync(path) ? readFileSync(path, "utf8").split("\n").filter(Boolean) : [];
}

function missing({ numbers }: Outcome): number[] {
  return Array.from({ length: lines }, (_, number) => number).filter((number) => !numbers.has(number));
}

function doubled({ numbers }: Outcome): [number, number][] {
  return [...numbers].filter(([, times]) => times > 1);
}

for (const rotate of ["rename", "copy", "both"] as const)
  test(`no line is lost or doubled, however often it is killed: ${rotate} (seed ${seed})`, async () => {
    using directory = tempDir();
    const outcome = await torture(directory, rotate);
    assert.deepEqual(
      { missing: missing(outcome).slice(0, 9), doubled: doubled(outcome).slice(0, 9), gaps: outcome.gaps },
      { missing: [], doubled: [], gaps: [] },
    );
    assert.ok(outcome.kills > 0);
  });

test(`of what is copied and emptied while it is written to, all that is left anywhere comes once (seed ${seed})`, async () => {
  using directory = tempDir();
  const outcome = await torture(directory, "window");
  const left = numbersIn(directory);
  const unread = missing(outcome).filter((number) => left.has(number));
  const reasons = new Set(outcome.gaps.map((gap) => ("reason" in gap ? gap.reason : gap.fault)));
  reasons.delete("truncated"); // Lines may have come between a copy and the emptying, and nobody can know.
  assert.deepEqual(
    { unread, doubled: doubled(outcome), reasons: [...reasons] },
    { unread: [], doubled: [], reasons: [] },
  );
});

/** Numbers of the lines in every file that is left. */
function numbersIn(directory: TempDir): Set<number> {
  const names = readdirSync(directory.path).filter((name) => /^app\.log(\.\d+(\.gz)?)?$/.test(name));
  const texts = names.map((name) => {
    const bytes = readFileSync(directory.at(name));
    return (name.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString();
  });
  return new Set(texts.flatMap((text) => [...text.matchAll(/^(\d{9}) /gm)].map(([, number]) => Number(number))));
}
