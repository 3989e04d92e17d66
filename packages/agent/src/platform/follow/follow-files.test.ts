import assert from "node:assert/strict";
import { appendFileSync, linkSync, mkdirSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { test } from "node:test";
import { systemClock } from "../../core/clock.js";
import { FakeClock } from "../../testing/fake-clock.js";
import { tempDir } from "../../testing/temp-dir.js";
import { until } from "../../testing/until.js";
import { accesses } from "./access.js";
import { FollowFiles, maxFiles, type FollowFilesDeps, type FollowFilesOptions } from "./follow-files.js";
import { nothingSince, type Position } from "./place.js";

type Followed = AsyncDisposable & {
  lines: string[];
  gaps: string[];
  /** Faults, and what was mended. */
  faults: string[];
  caughtUp: Set<string>;
  gone: string[];
  positions: Record<string, Position>;
};

/** Follows globs below a directory; lines are told as `name: line`. */
function follow(
  directory: string,
  globs: readonly string[],
  options: Partial<FollowFilesOptions> = {},
  deps: Partial<FollowFilesDeps> = {},
): Followed {
  const [lines, gaps, faults, gone]: [string[], string[], string[], string[]] = [[], [], [], []];
  const positions: Record<string, Position> = {};
  const caughtUp = new Set<string>();
  const nameOf = (path: string): string => path.slice(directory.length + 1);
  const files = FollowFiles.start(
    globs.map((glob) => `${directory}/${glob}`),
    { positions: {}, from: () => "beginning", ...options },
    {
      clock: systemClock,
      take: (path, { bytes, position }) => {
        for (const line of Buffer.from(bytes).toString().trimEnd().split("\n")) lines.push(`${nameOf(path)}: ${line}`);
        positions[path] = position;
      },
      gap: (path, { reason }) => gaps.push(`${nameOf(path)}: ${reason}`),
      fault: (path, reason) => faults.push(`${nameOf(path)}: ${reason}`),
      recovered: (path) => faults.push(`${nameOf(path)}: recovered`),
      caughtUp: (path, position) => {
        caughtUp.add(nameOf(path));
        if (position) positions[path] ??= position;
      },
      gone: (path) => gone.push(nameOf(path)),
      ...deps,
    },
  );
  return { lines, gaps, faults, caughtUp, gone, positions, [Symbol.asyncDispose]: () => files[Symbol.asyncDispose]() };
}

const atEnd: Pick<FollowFilesOptions, "from"> = { from: () => "end" };

test("files of a glob that nobody looked for before are begun as is asked, in a source that is known, too", async () => {
  using directory = tempDir();
  const [a, b] = [directory.write("a.log", "old\n"), directory.write("b.txt", "old\n")];
  const since = { ms: Date.now() + 1000, globs: [`${directory.path}/*.log`] };
  await using it = follow(directory.path, ["*.log", "*.txt", "c"], { ...atEnd, since });
  await until(() => it.caughtUp.size === 3);
  appendFileSync(a, "new\n");
  appendFileSync(b, "new\n");
  directory.write("c", "first\n");
  directory.write("d.txt", "first\n");
  await until(() => it.lines.length === 5);
  assert.deepEqual(it.lines.sort(), ["a.log: new", "a.log: old", "b.txt: new", "c: first", "d.txt: first"]);
});

test("a directory that cannot be read is told, and the files of the others are followed", async () => {
  using directory = tempDir();
  mkdirSync(directory.at("a"));
  symlinkSync("x", directory.at("x"));
  directory.write("a/a.log", "one\n");
  await using it = follow(directory.path, ["*/*.log"]);
  await until(() => it.lines.length === 1 && it.faults.length === 1);
  assert.match(it.faults[0] ?? "", /^\*\/\*\.log: cannot look for files in .*\/x: ELOOP/);
  rmSync(directory.at("x"));
  await until(() => it.faults[1] === "*/*.log: recovered");
});

test("a file that was gone for long and comes back is gone on with; a new one in its place is begun", async () => {
  using directory = tempDir();
  const path = directory.write("a.log", "one\n");
  const clock = new FakeClock(Date.now());
  await using it = follow(directory.path, ["*.log"], {}, { clock });
  await until(async () => (await clock.pass(100), it.lines.length === 1));
  mkdirSync(directory.at("away"));
  renameSync(path, directory.at("away/a"));
  await until(async () => (await clock.pass(5000), it.gone.length === 1), "it is let go");
  renameSync(directory.at("away/a"), path);
  appendFileSync(path, "two\n");
  await until(async () => (await clock.pass(1000), it.lines.length > 1), "it is followed again");
  assert.deepEqual(it.lines, ["a.log: one", "a.log: two"]);
  assert.deepEqual(it.gaps, []);
});

test("a position that no glob asks for any more is dropped", async () => {
  using directory = tempDir();
  mkdirSync(directory.at("x"));
  const [a, b] = [directory.write("x/a.log", "one\n"), directory.write("x/b.log", "one\n")];
  const first = follow(directory.path, ["x/*.log"]);
  await until(() => first.caughtUp.size === 2);
  await first[Symbol.asyncDispose]();
  appendFileSync(a, "two\n");
  appendFileSync(b, "two\n");
  await using it = follow(directory.path, ["x/a*.log"], { positions: first.positions });
  await until(() => it.caughtUp.has("x/a.log"));
  assert.deepEqual(it.gone, ["x/b.log"]);
  assert.deepEqual(it.lines, ["x/a.log: two"]);
});

test("several files that were not there yet are each begun at their beginning after a restart", async () => {
  using directory = tempDir();
  const paths = ["a.log", "b.log"].map((name) => directory.write(name, "one\n"));
  const positions = Object.fromEntries(paths.map((path) => [path, nothingSince(Date.now() - 60_000)]));
  await using it = follow(directory.path, ["a.log", "b.log"], { ...atEnd, positions });
  await until(() => it.caughtUp.size === 2);
  assert.deepEqual(it.lines.sort(), ["a.log: one", "b.log: one"]);
});

test("a file that has several names is followed once", async () => {
  using directory = tempDir();
  const path = directory.write("a.log", "one\n");
  linkSync(path, directory.at("b.log"));
  symlinkSync("a.log", directory.at("0.log"));
  await using it = follow(directory.path, ["*.log", "*"]);
  await until(() => it.lines.length === 1);
  directory.write("z.log", "end\n"); // Seen by a look after that of the other names.
  await until(() => it.caughtUp.has("z.log"));
  assert.deepEqual(
    it.lines.map((line) => line.slice(-3)),
    ["one", "end"],
  );
});

test("a file that is given another name that matches, too, is neither read twice nor left", async () => {
  using directory = tempDir();
  const path = directory.write("a.log", "one\n");
  const clock = new FakeClock(Date.now());
  await using it = follow(directory.path, ["*.log"], {}, { clock });
  await until(async () => (await clock.pass(100), it.lines.length === 1));
  renameSync(path, directory.at("b.log"));
  directory.write("a.log", "two\n");
  await until(async () => (await clock.pass(100), it.lines.length === 2));
  await until(async () => (await clock.pass(1000), it.caughtUp.has("b.log")), "it is followed as what it is now");
  appendFileSync(directory.at("b.log"), "three\n");
  await until(async () => (await clock.pass(100), it.lines.length === 3));
  assert.deepEqual(it.lines, ["a.log: one", "a.log: two", "b.log: three"]);
  assert.deepEqual(it.gaps, []);
});

test("as many files as may be are followed without a fault; one more is told", async () => {
  using directory = tempDir();
  for (let n = 0; n < maxFiles; n++) directory.write(`${n}.log`, "");
  let turns = 0;
  const count = (): void => void (turns++, (next = setImmediate(count)));
  let next = setImmediate(count);
  await using it = follow(directory.path, ["*.log"]);
  await until(() => it.caughtUp.size === maxFiles, "all are followed", 60_000);
  clearImmediate(next);
  assert.ok(turns > 0);
  directory.write("other.txt", "");
  assert.deepEqual(it.faults, []);
  directory.write("more.log", "");
  await until(() => it.faults.length === 1, "it is told", 60_000);
  assert.match(it.faults[0] ?? "", /more than 2000 files/);
});

test("a file system that hangs is told, and holds up neither the others nor the end", async () => {
  using directory = tempDir();
  directory.write("a.log", "one\n");
  mkdirSync(directory.at("hung"));
  const clock = new FakeClock(Date.now());
  const real = accesses();
  const hung = { ask: () => new Promise<never>(() => undefined), look: async () => undefined, isRemote: true };
  const accessOf = (path: string): ReturnType<typeof real> =>
    path.startsWith(directory.at("hung")) ? hung : real(path);
  const it = follow(directory.path, ["hung/*.log", "*.log"], {}, { clock, accesses: () => accessOf });
  await until(async () => (await clock.pass(1000), it.faults.length === 1), "it is told");
  assert.deepEqual(it.lines, ["a.log: one"]);
  assert.match(it.faults[0] ?? "", /^hung\/\*\.log: nobody has said for 10 s/);
  const end = it[Symbol.asyncDispose]();
  let isOver = false;
  void end.then(() => (isOver = true));
  await until(async () => (await clock.pass(100), isOver), "it has ended");
  assert.equal(clock.waiting, 0);
});
