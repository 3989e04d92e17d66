import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Exit } from "@ostler/protocol";
import { isAlive, startEnvOf, statOf } from "../../platform/proc.js";
import { exitOf, keeperLives, launchKeeper, notRecorded, readNote } from "./keeper.js";
import { claim, makeDirectory, marksOf, runPrefix } from "./records.js";

const slot = { service: "web", process: "main" };

/** A directory for records and output, and a keeper for each command. */
class Stable implements Disposable {
  readonly directory = mkdtempSync(join(tmpdir(), "ostler-keeper-"));
  umask: string | undefined;
  notifyFd: number | undefined;
  #runs = 0;

  get records(): string {
    return join(this.directory, "records");
  }

  get notified(): string {
    return join(this.directory, 'what it\'s "notified"');
  }

  constructor() {
    makeDirectory(this.records);
  }

  /** Runs a command under a keeper until it has ended; tells how. */
  async run(...command: string[]): Promise<{ exit: Exit; status: number | null; prefix: string }> {
    const { keeper, prefix } = this.launch(...command);
    const [status] = (await once(keeper, "exit")) as [number | null];
    return { exit: exitOf(status ?? -1, readNote(prefix)), status, prefix };
  }

  launch(...command: string[]): { keeper: ReturnType<typeof launchKeeper>; prefix: string; run: number } {
    const run = ++this.#runs;
    const prefix = runPrefix(this.records, slot, run);
    const stdout = openSync(join(this.directory, "out"), "a");
    const stderr = openSync(join(this.directory, "err"), "a");
    const env = { PATH: process.env.PATH ?? "" };
    const keeper = launchKeeper({
      run: prefix,
      mark: `id/web/main/${run}`,
      ...(this.umask === undefined ? {} : { umask: this.umask }),
      ...(this.notifyFd === undefined ? {} : { notify: { fd: this.notifyFd, file: this.notified } }),
      setsid: "/usr/bin/setsid",
      command,
      cwd: "/",
      env,
      stdout,
      stderr,
    });
    closeSync(stdout);
    closeSync(stderr);
    keeper.ref(); // Unlike the agent, a test waits for it.
    return { keeper, prefix, run };
  }

  marks(run = this.#runs): string[] {
    return marksOf(this.records, slot, run).map(({ mark }) => mark);
  }

  read(name: string): string {
    return readFileSync(join(this.directory, name), "utf8");
  }

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true });
  }
}

test("a run leaves its claim, its start and its end", async () => {
  using stable = new Stable();
  const { status } = await stable.run("/bin/true");
  assert.deepEqual([status, stable.marks()], [0, ["claimed", "note", "started", "exited"]]);
});

test("output goes to the spools, and nothing else does", async () => {
  using stable = new Stable();
  await stable.run("/bin/sh", "-c", "echo out; echo err >&2; kill -SEGV $$");
  assert.deepEqual([stable.read("out"), stable.read("err")], ["out\n", "err\n"]);
});

test("an exit code above 128 is told from a signal", async () => {
  using stable = new Stable();
  assert.deepEqual((await stable.run("/bin/sh", "-c", "exit 143")).exit, { kind: "code", code: 143 });
  assert.deepEqual((await stable.run("/bin/sh", "-c", "kill -TERM $$")).exit, {
    kind: "signal",
    signal: "SIGTERM",
    core: false,
  });
});

for (const name of ["SIGKILL", "SIGSEGV", "SIGHUP", "SIGINT", "SIGPIPE", "SIGUSR1", "SIGABRT"] as const)
  test(`the end by ${name} is told`, async () => {
    using stable = new Stable();
    const { exit } = await stable.run("/bin/sh", "-c", `ulimit -c 0; kill -${name.slice(3)} $$`);
    assert.deepEqual(exit, { kind: "signal", signal: name, core: false });
  });

test("the run is the leader of its own session and carries its mark, its keeper does neither", async () => {
  using stable = new Stable();
  const { keeper, run } = stable.launch("/bin/sleep", "60");
  const started = await marked(stable, run);
  const stat = statOf(started.pid);
  assert.equal(stat?.startTicks, started.startTicks);
  await until(
    () => statOf(started.pid)?.session === started.pid && startEnvOf(started.pid, "OSTLER_RUN") !== undefined,
  );
  assert.equal(startEnvOf(started.pid, "OSTLER_RUN"), `id/web/main/${run}`);
  assert.equal(startEnvOf(keeper.pid ?? 0, "OSTLER_RUN"), undefined);
  assert.equal(statOf(started.pid)?.group, started.pid);
  assert.ok(keeperLives(runPrefix(stable.records, slot, run)));
  process.kill(started.pid, "SIGKILL");
  await once(keeper, "exit");
  assert.equal(isAlive(started), false);
  assert.equal(keeperLives(runPrefix(stable.records, slot, run)), false);
});

test("a run that somebody has claimed before never begins", async () => {
  using stable = new Stable();
  claim(stable.records, slot, 1);
  const { status } = await stable.run("/bin/sh", "-c", "echo begun");
  assert.deepEqual([status, stable.marks(), stable.read("out")], [notRecorded, ["claimed", "note"], ""]);
});

test("of agent and keeper only one gets the claim", () => {
  using stable = new Stable();
  assert.deepEqual([claim(stable.records, slot, 1), claim(stable.records, slot, 1)], [true, false]);
});

test("a run that cannot be recorded never begins", async () => {
  using stable = new Stable();
  rmSync(stable.records, { recursive: true });
  writeFileSync(stable.records, "in the way");
  const { status } = await stable.run("/bin/sh", "-c", "echo begun");
  assert.deepEqual([status, stable.read("out")], [notRecorded, ""]);
});

test("a program that does not exist ends with 127 and says so on its stderr", async () => {
  using stable = new Stable();
  const { exit } = await stable.run("/does/not/exist");
  assert.deepEqual(exit, { kind: "code", code: 127 });
  assert.match(stable.read("err"), /\/does\/not\/exist/);
});

test("arguments reach the program as they are", async () => {
  using stable = new Stable();
  await stable.run("/bin/sh", "-c", 'printf "%s|" "$@"', "sh", "a b", "$HOME", "*", "", "'\"\\");
  assert.equal(stable.read("out"), "a b|$HOME|*||'\"\\|");
});

test("a umask is that of the run alone, and without one it is the agent's", async () => {
  using stable = new Stable();
  stable.umask = "0027";
  await stable.run("/bin/sh", "-c", "umask");
  stable.umask = undefined;
  await stable.run("/bin/sh", "-c", "umask");
  const own = execFileSync("/bin/sh", ["-c", "umask"], { encoding: "utf8" });
  assert.equal(stable.read("out"), `0027\n${own}`);
  const modesOf = (run: number): number[] =>
    readdirSync(stable.records)
      .filter((name) => name.includes(`.${run}.`))
      .map((name) => statSync(join(stable.records, name)).mode);
  assert.deepEqual(modesOf(1).sort(), modesOf(2).sort());
});

for (const fd of [3, 4, 9])
  test(`descriptor ${fd} is for notifying, appends, and stdout and stderr are as ever`, async () => {
    using stable = new Stable();
    stable.notifyFd = fd;
    writeFileSync(stable.notified, "room;");
    const { exit } = await stable.run("/bin/sh", "-c", `echo ready >&${fd}; echo out; echo err >&2`);
    assert.deepEqual(exit, { kind: "code", code: 0 });
    assert.equal(readFileSync(stable.notified, "utf8"), "room;ready\n");
    assert.deepEqual([stable.read("out"), stable.read("err")], ["out\n", "err\n"]);
  });

test("nobody but the service has the descriptor on which it notifies, and without one it has its output alone", async () => {
  using stable = new Stable();
  const filesOf = (pid: number): string[] =>
    readdirSync(`/proc/${pid}/fd`)
      .sort()
      .map((fd) => `${fd} ${targetOf(`/proc/${pid}/fd/${fd}`)}`)
      .filter((file) => file.includes(stable.directory))
      .map((file) => file.replace(`${stable.directory}/`, ""));
  for (const fd of [undefined, 5]) {
    stable.notifyFd = fd;
    const { keeper, run } = stable.launch("/bin/sleep", "60");
    const { pid } = await marked(stable, run);
    await until(() => readFileSync(`/proc/${pid}/cmdline`, "utf8").startsWith("/bin/sleep"));
    const own = fd === undefined ? [] : [`${fd} what it's "notified"`];
    assert.deepEqual(filesOf(pid), ["1 out", "2 err", ...own]);
    assert.deepEqual(
      filesOf(keeper.pid ?? 0).filter((file) => file.includes("notified")),
      [],
    );
    process.kill(pid, "SIGKILL");
    await once(keeper, "exit");
  }
});

test("a note that is only room for one says nothing", () => {
  using stable = new Stable();
  assert.equal(readNote(join(stable.records, "none")), "");
  assert.deepEqual(readdirSync(stable.records), []);
});

/** Nothing of a file that is closed just now, as a program's libraries are while it begins. */
function targetOf(link: string): string {
  try {
    return readlinkSync(link);
  } catch {
    return "";
  }
}

async function marked(stable: Stable, run: number): Promise<{ pid: number; startTicks: number }> {
  let found: { pid: number; startTicks: number } | undefined;
  await until(() => {
    const mark = marksOf(stable.records, slot, run).find(({ mark }) => mark === "started");
    if (mark?.mark === "started") found = mark.identity;
    return found !== undefined;
  });
  return found ?? { pid: 0, startTicks: 0 };
}

async function until(reached: () => boolean): Promise<void> {
  const deadline = performance.now() + 5000;
  while (!reached()) {
    assert.ok(performance.now() < deadline, "it did not come true within 5 s");
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
