import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, chmodSync, existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { FakeClock } from "../../testing/fake-clock.js";
import { tempDir, type TempDir } from "../../testing/temp-dir.js";
import { until } from "../../testing/until.js";
import { JournalFollower, steadyMs, type JournalFollowerDeps } from "./journal-follower.js";
import type { JournalPosition } from "./journal-place.js";

const cursorOf = (number: number): string => `s=a;i=${number};b=b;m=${number};t=${number};x=x`;
const at = (number: number): JournalPosition => ({ cursor: cursorOf(number), timeUsec: number });

/** Entries as journalctl writes them. */
const written = (...numbers: number[]): string =>
  numbers
    .map((number) => `__CURSOR=${cursorOf(number)}\n__REALTIME_TIMESTAMP=${number}\nMESSAGE=line ${number}\n\n`)
    .join("");

/** A journalctl that writes what is in the file `all`, or does what a script says first; it notes how it was called. */
function journalctl(dir: TempDir, first = ""): NodeJS.ProcessEnv {
  const script = `#!/bin/sh
cd ${dir.path}
echo "$*" >>args
${first}
case "$*" in
  *--follow*) echo $$ >follower; exec tail -c +1 -f followed ;;
  *) cat all ;;
esac
`;
  chmodSync(dir.write("journalctl", script), 0o755);
  for (const name of ["all", "followed", "args"]) dir.write(name, "");
  return { PATH: `${dir.path}:/usr/bin:/bin` };
}

type Story = { follower: JournalFollower; clock: FakeClock; told: string[]; calls: () => string[] };

/** Follows, and tells what happens. */
function follow(
  dir: TempDir,
  env: NodeJS.ProcessEnv,
  position: JournalPosition,
  deps: Partial<JournalFollowerDeps> = {},
): Story {
  const clock = new FakeClock();
  const told: string[] = [];
  const follower = JournalFollower.start("db.service", position, {
    ...{ clock, env },
    take: async (entries) => void told.push(...entries.map(({ message }) => String(message))),
    vacuumed: () => told.push("vacuumed"),
    caughtUp: ({ cursor, timeUsec }) => told.push(`caught up ${cursor?.slice(4, 7) ?? timeUsec ?? ""}`),
    fault: (reason) => told.push(`fault: ${reason}`),
    recovered: () => told.push("recovered"),
    ...deps,
  });
  const calls = (): string[] =>
    readFileSync(dir.at("args"), "utf8")
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => [...line.matchAll(/--(follow|cursor=\S*|since=\S*)/g)].map(([its]) => its).join(" "));
  return { follower, clock, told, calls };
}

const isThere = (dir: TempDir): Promise<unknown> => until(() => existsSync(dir.at("follower")), "it follows");

test("what is there comes first, then what is written, from the last on", async () => {
  using dir = tempDir();
  const env = journalctl(dir);
  dir.write("all", written(1, 2));
  dir.write("followed", written(2));
  const { follower, told, calls } = follow(dir, env, {});
  await isThere(dir);
  appendFileSync(dir.at("followed"), written(3));
  await until(() => told.includes("line 3"), "the new one has come");
  await follower[Symbol.asyncDispose]();
  assert.deepEqual(told, ["line 1", "line 2", "caught up i=2", "line 3"]);
  assert.deepEqual(calls(), ["", `--follow --cursor=${cursorOf(2)}`]);
});

test("it goes on after the last that was taken, which does not come again", async () => {
  using dir = tempDir();
  const env = journalctl(dir);
  dir.write("all", written(4, 5));
  const { follower, told, calls } = follow(dir, env, at(4));
  await until(() => told.includes("caught up i=5"), "it is at the end");
  await follower[Symbol.asyncDispose]();
  assert.deepEqual(told, ["line 5", "caught up i=5"]);
  assert.equal(calls()[0], `--cursor=${cursorOf(4)}`);
});

test("where the journal has dropped what was read last that is told, and all that was written since is taken", async () => {
  for (const first of [
    `case "$*" in *--cursor*i=4*) echo "Failed to seek to cursor: Invalid argument" >&2; exit 1;; esac`,
    `case "$*" in *--cursor*i=4*) exit 0;; esac`,
    "",
  ]) {
    using dir = tempDir();
    const env = journalctl(dir, first);
    dir.write("all", written(6, 7));
    const { follower, told, calls } = follow(dir, env, at(4));
    await until(() => told.includes("caught up i=7"), "it is at the end");
    await follower[Symbol.asyncDispose]();
    assert.deepEqual(told, ["vacuumed", "line 6", "line 7", "caught up i=7"]);
    assert.deepEqual(calls().slice(0, 2), [`--cursor=${cursorOf(4)}`, "--since=@0.000004"]);
  }
});

test("a journalctl that ends is told once and begun again, each time later; one that goes on well is a recovery", async () => {
  using dir = tempDir();
  const env = journalctl(dir, `[ -e well ] || { echo "no journal" >&2; exit 1; }`);
  const { follower, clock, told } = follow(dir, env, {});
  for (const [index, waitMs] of [1000, 2000, 4000].entries()) {
    await until(() => clock.slept.length === index + 1, "it waits");
    assert.equal(clock.slept[index], waitMs);
    if (waitMs === 4000) dir.write("well", "");
    await clock.pass(waitMs);
  }
  await isThere(dir);
  assert.deepEqual(told, ["fault: journalctl ended with 1: no journal", "caught up "]);
  await clock.pass(steadyMs);
  process.kill(Number(readFileSync(dir.at("follower"), "utf8")), "SIGKILL");
  await until(() => clock.slept.length === 4, "it waits again");
  assert.equal(clock.slept[3], 1000);
  await follower[Symbol.asyncDispose]();
  assert.deepEqual(told.slice(2), ["recovered", "fault: journalctl ended with SIGKILL: "]);
  assert.equal(clock.waiting, 0);
});

test("a host without journalctl is told as such", async () => {
  using dir = tempDir();
  const { follower, told } = follow(dir, { PATH: dir.path }, {});
  await until(() => told.length > 0, "it is told");
  await follower[Symbol.asyncDispose]();
  assert.match(told.join(), /^fault: journalctl could not be run: .*ENOENT/);
});

test("what could not be taken comes again from the same place", async () => {
  using dir = tempDir();
  const env = journalctl(dir);
  dir.write("all", written(1, 2));
  const taken: JournalPosition[] = [];
  const take = async (_: unknown, from: JournalPosition): Promise<void> => {
    taken.push(from);
    if (taken.length === 1) throw new Error("no room");
  };
  const { follower, clock, told } = follow(dir, env, { timeUsec: 1, lines: 1 }, { take });
  await until(() => clock.slept.length === 1, "it waits");
  await clock.pass(1000);
  await until(() => taken.length === 2, "it comes again");
  await follower[Symbol.asyncDispose]();
  assert.equal(told[0], "fault: no room");
  assert.deepEqual(taken[1], { timeUsec: 1, lines: 1 });
});

test("no more is read than is taken, and nothing is left when it ends", async () => {
  using dir = tempDir();
  const env = journalctl(
    dir,
    `echo $$ >reader; cat all; i=2; while :; do i=$((i+1)); printf '__CURSOR=s=a;i=%s\\n__REALTIME_TIMESTAMP=%s\\n\\n' $i $i; done`,
  );
  dir.write("all", written(1, 2));
  let times = 0;
  let go = (): void => {};
  const held = new Promise<void>((resolve) => (go = resolve));
  const { follower } = follow(dir, env, {}, { take: () => (times++, held) });
  await until(() => times > 0, "something was handed on");
  const pid = Number(readFileSync(dir.at("reader"), "utf8"));
  await until(() => readFileSync(`/proc/${pid}/stat`, "utf8").includes(" S "), "journalctl is held up");
  assert.equal(times, 1);
  const ended = follower[Symbol.asyncDispose]();
  go();
  await ended;
  assert.throws(() => process.kill(pid, 0), { code: "ESRCH" });
});

test("journalctl does not outlive an agent that is killed", async () => {
  using dir = tempDir();
  const env = journalctl(dir);
  const program = `
    const { JournalFollower } = await import(${JSON.stringify(new URL("./journal-follower.js", import.meta.url).href)});
    const { systemClock } = await import(${JSON.stringify(new URL("../../core/clock.js", import.meta.url).href)});
    JournalFollower.start("db", {}, { clock: systemClock, env: ${JSON.stringify(env)}, caughtUp() {}, fault() {} });
  `;
  const agent = spawn(process.execPath, ["--input-type=module", "-e", program], { stdio: "inherit" });
  await until(() => existsSync(dir.at("follower")) && readFileSync(dir.at("follower"), "utf8") !== "", "it follows");
  const pid = Number(readFileSync(dir.at("follower"), "utf8"));
  process.kill(pid, 0);
  agent.kill("SIGKILL");
  await once(agent, "exit");
  await until(
    () => !existsSync(`/proc/${pid}`) || readFileSync(`/proc/${pid}/stat`, "utf8").includes(" Z "),
    "it is gone",
  );
});
