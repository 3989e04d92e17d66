import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { systemClock } from "../../core/clock.js";
import { FakeClock } from "../../testing/fake-clock.js";
import { tempDir, type TempDir } from "../../testing/temp-dir.js";
import { until } from "../../testing/until.js";
import { recoverQuiesced, withQuiesced, type Leave, type QuiesceDeps, type Quiescing } from "./quiesce.js";
import { writeQuiesceRecord, type QuiesceRecord } from "./quiesce-record.js";

const record: QuiesceRecord = { service: "shop", name: "data", hooks: false, stopped: ["web", "worker"] };

/** A service that is brought to rest and back; `said` is what was done to it and what was told of it. */
function scene(clock = new FakeClock()) {
  const temp: TempDir = tempDir();
  const said: string[] = [];
  const [stop, cancel] = [new AbortController(), new AbortController()];
  const deps: QuiesceDeps = {
    ...{ directory: temp.at("records"), clock, random: () => 1, stop: stop.signal, leaveMs: 1000 },
    degraded: ({ service }, reason) =>
      void said.push(reason === undefined ? `${service} is well` : `degraded: ${reason}`),
  };
  const quiescing: Quiescing = {
    ...{ enterMs: 1000, duringMs: 1000, signal: cancel.signal },
    enter: () => (said.push("enter"), Promise.resolve()),
    leave: ({ stopped }, undone) => (
      undone([`${stopped.join(" ")} was started`], { stopped: [] }),
      said.push(`leave ${stopped.join(" ")}`),
      Promise.resolve()
    ),
  };
  const records = (): string[] => (existsSync(deps.directory) ? readdirSync(deps.directory) : []);
  return { said, clock, stop, cancel, deps, quiescing, records, [Symbol.dispose]: () => temp[Symbol.dispose]() };
}

/** Brings back what was found at rest; what was, and why the rest of it was not. */
async function recovered(leave: Leave, deps: QuiesceDeps): Promise<{ found: QuiesceRecord[]; problems: string[] }> {
  const { recoveries, problems } = await recoverQuiesced(leave, deps);
  await Promise.all(recoveries.map(({ ended }) => ended));
  return { found: recoveries.map(({ record: its }) => its), problems };
}

/** Ends as soon as it is told to, and never by itself. */
const obedient = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("ended"))));

test("work is done between enter and leave, and nothing is left", async () => {
  using at = scene();
  const work = (): Promise<number> => (
    at.said.push(`work, written down in ${at.records().join()}`),
    Promise.resolve(42)
  );
  assert.equal(await withQuiesced(record, at.quiescing, work, at.deps), 42);
  assert.deepEqual(at.said, ["enter", "work, written down in shop.data.json", "leave web worker"]);
  assert.deepEqual([at.records(), at.clock.waiting], [[], 0]);
});

test("it is written down before enter", async () => {
  using at = scene();
  let seen: string[] = [];
  const enter = (): Promise<void> => ((seen = at.records()), Promise.resolve());
  await withQuiesced(record, { ...at.quiescing, enter }, () => Promise.resolve(), at.deps);
  assert.deepEqual(seen, ["shop.data.json"]);
});

test("after work that fails comes leave, and the failure is that of the work", async () => {
  using at = scene();
  const work = (): Promise<never> => Promise.reject(new Error("no space"));
  await assert.rejects(withQuiesced(record, at.quiescing, work, at.deps), { message: "no space" });
  assert.deepEqual(at.said, ["enter", "leave web worker"]);
});

test("after an enter that fails comes leave, and no work is done", async () => {
  using at = scene();
  const enter = (): Promise<never> => Promise.reject(new Error("worker does not stop"));
  const work = (): Promise<void> => assert.fail("it is not at rest");
  await assert.rejects(withQuiesced(record, { ...at.quiescing, enter }, work, at.deps), {
    message: "worker does not stop",
  });
  assert.deepEqual([at.said, at.records()], [["leave web worker"], []]);
});

for (const phase of ["enter", "work"] as const)
  test(`${phase} that takes too long is ended, and so is one that is cancelled; then comes leave`, async () => {
    for (const [code, end] of [
      ["timed-out", (at: ReturnType<typeof scene>) => at.clock.pass(1000)],
      ["cancelled", (at: ReturnType<typeof scene>) => Promise.resolve(at.cancel.abort())],
    ] as const) {
      using at = scene();
      let begun = false;
      const slow = (signal: AbortSignal): Promise<never> => ((begun = true), obedient(signal));
      const quiescing = phase === "enter" ? { ...at.quiescing, enter: slow } : at.quiescing;
      const ends = assert.rejects(withQuiesced(record, quiescing, slow, at.deps), { code });
      await until(() => begun);
      await end(at);
      await ends;
      assert.equal(at.said.at(-1), "leave web worker");
      assert.deepEqual([at.records(), at.clock.waiting], [[], 0]);
    }
  });

test("work that does not end even then is left alone, and leave comes all the same", async () => {
  using at = scene();
  let begun = false;
  const stuck = (): Promise<never> => ((begun = true), new Promise<never>(() => undefined));
  const ends = assert.rejects(withQuiesced(record, at.quiescing, stuck, at.deps), { code: "timed-out" });
  await until(() => begun);
  await at.clock.pass(11_000);
  await ends;
  assert.equal(at.said.at(-1), "leave web worker");
});

test("whoever is cancelled before brings nothing to rest", async () => {
  using at = scene();
  at.cancel.abort();
  await assert.rejects(
    withQuiesced(record, at.quiescing, () => Promise.resolve(), at.deps),
    { code: "cancelled" },
  );
  assert.deepEqual([at.said, at.records()], [[], []]);
});

test("what cannot be written down is not begun", async () => {
  using at = scene();
  writeFileSync(at.deps.directory, "a file");
  await assert.rejects(
    withQuiesced(record, at.quiescing, () => Promise.resolve(), at.deps),
    {
      code: "failed",
      message: /shop is not brought to rest, since that cannot be written down in .*EEXIST/,
    },
  );
  assert.deepEqual(at.said, []);
});

test("one set is at rest once at a time", async () => {
  using at = scene();
  await withQuiesced(
    record,
    at.quiescing,
    () =>
      assert.rejects(
        withQuiesced(record, at.quiescing, () => Promise.resolve(), at.deps),
        { code: "wrong-state" },
      ),
    at.deps,
  );
  assert.deepEqual(at.said, ["enter", "leave web worker"]);
});

test("leave that fails or hangs is tried again, ever more patiently, and told until it succeeds", async () => {
  using at = scene();
  let tries = 0;
  const leave: Leave = (_, __, signal) => {
    tries++;
    return tries === 1
      ? Promise.reject(new Error("port is taken"))
      : tries === 2
        ? obedient(signal)
        : Promise.resolve();
  };
  const done = withQuiesced(record, { ...at.quiescing, leave }, () => Promise.resolve("done"), at.deps);
  await until(() => at.clock.slept.length === 1);
  assert.deepEqual(at.records(), ["shop.data.json"]);
  await at.clock.pass(1000);
  assert.equal(tries, 2);
  await at.clock.pass(1000 + 2000);
  assert.equal(await done, "done");
  const begin = `shop could not be brought back to where it was before a backup (${at.deps.directory}/shop.data.json)`;
  assert.deepEqual(at.said, [
    "enter",
    `degraded: ${begin}: port is taken`,
    `degraded: ${begin}: Bringing back shop did not end within 1 s.`,
    "shop is well",
  ]);
  assert.deepEqual([at.clock.slept, at.records(), at.clock.waiting], [[1000, 2000], [], 0]);
});

test("an agent that ends tries once more, and leaves the rest to the next one", async () => {
  using at = scene();
  at.stop.abort();
  const leave = (): Promise<never> => (at.said.push("try"), Promise.reject(new Error("no")));
  await assert.rejects(
    withQuiesced(record, { ...at.quiescing, leave }, () => Promise.resolve(), at.deps),
    {
      code: "interrupted",
      message: /next agent tries again/,
    },
  );
  assert.deepEqual(at.said.filter((one) => one === "try").length, 1);
  const next = { ...at.deps, stop: new AbortController().signal };
  assert.deepEqual(await recovered(at.quiescing.leave, next), { found: [record], problems: [] });
  assert.equal(at.said.at(-1), "leave web worker");
  assert.deepEqual(at.records(), []);
});

test("a record that cannot be read is told with what to do, and holds up no other one", async () => {
  using at = scene();
  await writeQuiesceRecord(at.deps.directory, record);
  const damaged = `${at.deps.directory}/blog.data.json`;
  writeFileSync(damaged, "{");
  writeFileSync(`${at.deps.directory}/blog.files.json.new`, "{");
  const { found, problems } = await recovered(at.quiescing.leave, at.deps);
  assert.deepEqual(found, [record]);
  assert.match(problems.join(), /^The record .*blog\.data\.json.*Start that service/);
  assert.deepEqual([at.said, at.records()], [["leave web worker"], ["blog.data.json"]]);
  rmSync(damaged);
  assert.deepEqual(await recovered(at.quiescing.leave, at.deps), { found: [], problems: [] });
});

test("who does not come back holds up nobody else, and is tried until the agent ends", async () => {
  using at = scene();
  await writeQuiesceRecord(at.deps.directory, record);
  await writeQuiesceRecord(at.deps.directory, { ...record, service: "blog" });
  const leave: Leave = ({ service, stopped }, undone, signal) => {
    if (service === "shop") return Promise.reject(new Error("port is taken"));
    return at.quiescing.leave({ service, stopped, name: "data", hooks: false }, undone, signal);
  };
  const { recoveries } = await recoverQuiesced(leave, at.deps);
  const tried = await Promise.all(recoveries.map(({ tried: its }) => its));
  assert.deepEqual(tried.toSorted(), [[], ["web worker was started"]]);
  assert.deepEqual(at.records(), ["shop.data.json"]);
  at.stop.abort();
  await Promise.all(recoveries.map(({ ended }) => ended));
  assert.deepEqual([at.records(), at.clock.waiting], [["shop.data.json"], 0]);
});

test("what is undone is not undone again when the rest of it is tried again, by the next agent neither", async () => {
  using at = scene();
  const left: string[][] = [];
  const leave: Leave = ({ stopped, hooks }, undone) => {
    left.push([...stopped, ...(hooks ? ["hooks"] : [])]);
    if (stopped.length > 0) undone(["web was started"], { stopped: [] });
    return left.length < 4 ? Promise.reject(new Error("no")) : Promise.resolve();
  };
  const run = withQuiesced({ ...record, hooks: true }, { ...at.quiescing, leave }, () => Promise.resolve(), at.deps);
  await until(() => at.clock.slept.length === 1);
  at.stop.abort();
  await assert.rejects(run, { code: "interrupted" });
  const next = { ...at.deps, stop: new AbortController().signal };
  const { recoveries } = await recoverQuiesced(leave, next);
  await until(() => at.clock.slept.length === 2);
  await at.clock.pass(1000);
  await until(() => at.clock.slept.length === 3);
  await at.clock.pass(2000);
  await Promise.all(recoveries.map(({ ended }) => ended));
  assert.deepEqual(left, [["web", "worker", "hooks"], ["hooks"], ["hooks"], ["hooks"]]);
});

/** Brings something to rest and back over and over, each written into a file by one call; ends itself where it is told to. */
const program = `
  import { appendFileSync } from "node:fs";
  import { systemClock } from ${JSON.stringify(new URL("../../core/clock.js", import.meta.url).href)};
  import { withQuiesced } from ${JSON.stringify(new URL("./quiesce.js", import.meta.url).href)};
  const [directory, log, killAt] = process.argv.slice(1);
  const signal = new AbortController().signal;
  const deps = { directory, clock: systemClock, random: Math.random, degraded: console.error, stop: signal, leaveMs: 60_000 };
  const said = async (what) => {
    if (killAt === "before " + what) process.kill(process.pid, "SIGKILL");
    if (what !== "work") appendFileSync(log, what + "\\n");
    if (killAt === "after " + what) process.kill(process.pid, "SIGKILL");
  };
  const quiescing = { enter: () => said("enter"), leave: () => said("leave"), enterMs: 60_000, duringMs: 60_000, signal };
  process.stdout.write("up\\n");
  for (let n = 0; n < 100_000; n++)
    await withQuiesced(${JSON.stringify(record)}, quiescing, () => said("work"), deps);
`;

/** Runs it until it is killed: by itself, or after a while. */
async function killed(words: string[], afterMs?: number): Promise<void> {
  const child = spawn(process.execPath, ["--input-type=module", "-e", program, ...words], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  await once(child.stdout, "data");
  if (afterMs !== undefined) setTimeout(() => child.kill("SIGKILL"), afterMs);
  assert.deepEqual(await exited, [null, "SIGKILL"]);
}

/** After each enter came a leave, before the next enter and in the end. */
function assertBroughtBack(log: string): void {
  const lines = existsSync(log) ? readFileSync(log, "utf8").trim().split("\n") : [];
  for (const [n, line] of lines.entries())
    if (line === "enter") assert.equal(lines[n + 1], "leave", `after line ${n} of ${lines.length}`);
}

const moments = ["before enter", "after enter", "before work", "before leave", "after leave", ...Array<undefined>(40)];

test("killed at any moment, a leave has followed each enter in the end", { timeout: 300_000 }, async () => {
  using at = scene();
  using temp = tempDir();
  const log = temp.at("log");
  const leave = (): Promise<void> => Promise.resolve(writeFileSync(log, "leave\n", { flag: "a" }));
  let found = 0;
  for (const moment of moments) {
    await killed([at.deps.directory, log, moment ?? ""], moment === undefined ? Math.random() * 50 : undefined);
    found += (await recovered(leave, { ...at.deps, clock: systemClock })).found.length;
    assertBroughtBack(log);
    assert.deepEqual(at.records(), []);
  }
  assert.ok(found >= 5, `only ${found} of ${moments.length} were at rest when they were killed`);
});
