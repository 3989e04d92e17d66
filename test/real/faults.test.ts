import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Envelope } from "@ostler/protocol";
import { fixture, kill, TestAgent } from "../helpers/agent.js";
import { problemsIn } from "../helpers/lives.js";
import { seeded, type Random } from "../helpers/seeded.js";
import { sightingsOf, type Sightings } from "../helpers/sightings.js";
import { SmallDisk } from "../helpers/small-disk.js";
import { until } from "../helpers/until.js";
import { clockOf, setClock } from "./clock.js";
import { needs, needsRoot } from "./tools.js";

/**
 * Everything goes wrong in an order that nobody has thought of. The seed of a failure is in its message; with
 * OSTLER_FAULTS_SEED set to it the same faults come in the same order (though not at the very same moments).
 *
 * The clock that is stepped is the agents' own (faketime): the host's is not for a test to touch.
 */

const faultCount = Number(process.env.OSTLER_FAULTS_COUNT ?? 500);
const seed = Number(process.env.OSTLER_FAULTS_SEED ?? Math.floor(Math.random() * 2 ** 31));

const services = ["plain", "stubborn", "brood", "forking", "chatty", "pair", "ranked"];
const slots = [
  ...["plain/main", "stubborn/main", "brood/main", "forking/main", "chatty/main", "pair/left", "pair/right"],
  ...["ranked/db", "ranked/web@1", "ranked/web@2"],
];

const configWith = (change: number, directory: string): string => `
agent: {data_dir: ${directory}, log: {level: warn}, journal: {max_size: 1GiB}}
http: {listen: "127.0.0.1:0"}
services:
  plain: {command: [sleep, "600"], env: {CHANGE: "${change}"}, ${soon}, ${often}}
  stubborn: {${unruly("stubborn")}}
  brood: {${unruly("brood")}}
  forking: {${unruly("forking")}}
  chatty: {${unruly("chatty")}}
  pair:
    processes: {left: {command: [sleep, "601"], ${soon}}, right: {command: [sleep, "602"], ${soon}, env: {CHANGE: "${change}"}}}
    ${often}
  ranked:
    processes:
      web: {command: [sleep, "603"], ${soon}, instances: 2, after: [db: ready, prepare: completed]}
      db: {command: [sleep, "604"], ${soon}, env: {CHANGE: "${change}"}}
      prepare: {command: ["true"], type: oneshot, after: [db]}
      timer: {command: ["true"], cron: {at: "* * * * * *", missed: run}}
    ${often}
`;

const soon = "stop: {timeout: 150ms}";
const often = "restart: {backoff: {initial: 10ms, max: 50ms}, crash_loop: {window: 0s}}";

function unruly(how: string): string {
  return `command: [sh, ${fixture("unruly.sh")}, ${how}], ${soon}, ${often}`;
}

/** A host on which everything goes wrong. */
class Ordeal implements AsyncDisposable {
  readonly agent: TestAgent;
  /** What was done to it. */
  readonly story: string[] = [];
  readonly #disk: SmallDisk;
  readonly #random: Random;
  readonly #stopped = new Set<number>();
  readonly #commands: Promise<unknown>[] = [];
  #agentId = "none";
  #change = 0;

  static async begin(random: Random): Promise<Ordeal> {
    const disk = await SmallDisk.mount("48m");
    const agent = TestAgent.prepare("#");
    Object.assign(agent.env, clockOf(join(agent.directory, "clock")));
    agent.place = { data: disk.seen, wrapper: ["sh", "-c", 'ulimit -c 0; exec "$@"', "sh", ...disk.wrapper] };
    const ordeal = new Ordeal(agent, disk, random);
    ordeal.#configure();
    await agent.run();
    ordeal.#agentId = readFileSync(join(disk.seen, "agent.id"), "utf8").trim();
    return ordeal;
  }

  private constructor(agent: TestAgent, disk: SmallDisk, random: Random) {
    this.agent = agent;
    this.#disk = disk;
    this.#random = random;
  }

  /** What there is right now. Of no process there may be a second one. */
  look(): Sightings {
    const sightings = sightingsOf(this.#agentId, this.#disk.directory);
    const first = new Map<string, number>();
    for (const { slot, run, pid, isDaemon } of sightings.leaders) {
      // A daemon of the run before may be there for a moment still: whoever left the group is looked for while the next run begins.
      if (isDaemon) continue;
      const other = first.get(slot);
      assert.equal(other, undefined, `${slot} runs twice: pids ${other} and ${pid} (run ${run})`);
      first.set(slot, pid);
    }
    return sightings;
  }

  async fault(): Promise<void> {
    const [name, act] = this.#random.weighted(this.#faults);
    this.story.push(name);
    await act();
    const endMs = performance.now() + this.#random.below(60);
    do {
      this.look();
      await new Promise((resolve) => setTimeout(resolve, 10));
    } while (performance.now() < endMs);
  }

  /** Gives everything back: what was halted goes on, the disk has room, the agent is there, and everything is to run. */
  async giveBack(): Promise<void> {
    for (const pid of this.#stopped) kill(pid, "SIGCONT");
    this.#disk.makeRoom();
    await this.#reload(() => this.#configure());
    await Promise.allSettled(this.#commands);
    await until(async () => (await this.agent.state()).agent.degraded.journal === undefined, "the journal is whole");
    for (const service of services) {
      const started = await this.agent.command("service.start", { service });
      assert.equal(started, 200, `${service} can be started`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const pid of this.#stopped) kill(pid, "SIGCONT");
    await this.agent[Symbol.asyncDispose]();
    await this.#disk[Symbol.asyncDispose]();
  }

  readonly #faults: [weight: number, name: string, act: () => Promise<void> | void][] = [
    [8, "the agent is killed", () => this.#endAgent("SIGKILL")],
    [4, "the agent is ended", () => this.#endAgent("SIGTERM")],
    [10, "a keeper is killed", () => this.#signalOne("keeper", "SIGKILL")],
    [16, "a process is killed", () => this.#signalOne("first", "SIGKILL")],
    [6, "a process crashes", () => this.#signalOne("first", "SIGSEGV")],
    [6, "a daemon is killed", () => this.#signalOne("daemon", "SIGKILL")],
    [6, "a process is halted", () => this.#signalOne("first", "SIGSTOP")],
    [6, "halted processes go on", () => this.#continue()],
    [5, "a reload of the same file", () => this.#reload(() => undefined)],
    [5, "a reload of a changed file", () => this.#reload(() => this.#configure(++this.#change))],
    [4, "a reload of a broken file", () => this.#reload(() => this.agent.configure("# services: [}\nservices: [}"))],
    [7, "a stop", () => this.#command("service.stop")],
    [10, "a start", () => this.#command("service.start")],
    [7, "a restart", () => this.#command("service.restart")],
    [2, "a stop by hand", () => this.#byHand("stop")],
    [2, "a start by hand", () => this.#byHand("start")],
    [3, "the clock is set", () => this.#setClock()],
    [2, "the disk is full", () => this.#disk.fill()],
    [3, "the disk has room", () => this.#disk.makeRoom()],
  ];

  #setClock(): void {
    setClock(join(this.agent.directory, "clock"), this.#random.of(["+0", "+5m", "-5m", "+3h", "-3h", "+1d"]));
  }

  #configure(change = this.#change): void {
    this.agent.configure(configWith(change, this.#disk.directory).trimStart());
  }

  async #endAgent(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    await this.agent.end(signal);
    this.#configure(); // With a broken file no agent begins.
    // Sometimes things happen while no agent is there, sometimes while it begins.
    if (this.#random.below(3) === 0) this.#signalOne("first", "SIGKILL");
    this.look();
    this.agent.spawn();
    if (this.#random.below(3) > 0) await this.#answers();
  }

  async #answers(): Promise<void> {
    await until(() => this.agent.get("/health"), "the agent answers");
  }

  #signalOne(whom: "keeper" | "first" | "daemon", signal: NodeJS.Signals): void {
    const { leaders, keepers } = this.look();
    const candidates = {
      keeper: keepers.map(({ pid }) => pid),
      first: leaders.flatMap(({ pid, isDaemon }) => (isDaemon ? [] : pid)),
      daemon: leaders.flatMap(({ pid, isDaemon }) => (isDaemon ? pid : [])),
    }[whom];
    if (candidates.length === 0) return;
    const pid = this.#random.of(candidates);
    kill(pid, signal);
    if (signal === "SIGSTOP") this.#stopped.add(pid);
  }

  #continue(): void {
    for (const pid of this.#stopped) kill(pid, "SIGCONT");
    this.#stopped.clear();
  }

  /** A program hears a hangup only when it has begun, else it ends by it. */
  async #reload(change: () => void): Promise<void> {
    await this.#answers();
    change();
    this.agent.signal("SIGHUP");
  }

  async #command(name: string): Promise<void> {
    await this.#answers();
    const service = this.#random.of(services);
    this.story.push(`${name} ${service}`);
    // The agent may be killed over it.
    this.#commands.push(this.agent.command(name, { service }).catch(() => undefined));
  }

  async #byHand(word: "stop" | "start"): Promise<void> {
    await this.#answers();
    this.#commands.push(this.agent.ostler(word, this.#random.of(services)));
  }
}

test(
  `${faultCount} random faults: nothing runs twice, everything runs in the end, and the journal tells every end once`,
  { ...needs("unshare", "nsenter", "mount", "faketime"), ...needsRoot() },
  async () => {
    await using ordeal = await Ordeal.begin(seeded(seed));
    try {
      for (let done = 0; done < faultCount; done++) await ordeal.fault();
      await ordeal.giveBack();
      await assertAllRunOnce(ordeal);
      const runs = new Map(ordeal.look().leaders.flatMap(({ slot, run, isDaemon }) => (isDaemon ? [] : [[slot, run]])));
      const events = await ordeal.agent.events();
      assertWithoutGap(events);
      assert.deepEqual(problemsIn(events, runs), []);
    } catch (failure) {
      const last = ordeal.story.slice(-12).join("; ");
      const said = ordeal.agent.output.split("\n").slice(-20).join("\n");
      throw new Error(`With OSTLER_FAULTS_SEED=${seed}, after ${ordeal.story.length} faults (${last}):\n${said}`, {
        cause: failure,
      });
    }
  },
);

/** Exactly what is configured runs, once, and nothing is left of any run before. */
async function assertAllRunOnce(ordeal: Ordeal): Promise<void> {
  await until(() => {
    const { leaders, members, keepers } = ordeal.look();
    const current = new Map(leaders.filter(({ isDaemon }) => !isDaemon).map(({ slot, run }) => [slot, run]));
    assert.deepEqual([...current.keys()].sort(), [...slots].sort());
    const strays = members.filter(({ slot, run }) => current.get(slot) !== run);
    assert.deepEqual(strays, [], "nobody is left of an earlier run");
    const known = new Set([...current].map(([slot, run]) => `${slot.replace("/", ".")}.${run}`));
    assert.deepEqual(
      keepers.filter(({ run }) => !known.has(run)),
      [],
      "no keeper is left of an earlier run",
    );
    return true;
  }, "what is configured runs, once, and nothing else");
}

/** Lines of the journal: events, and gaps that are told. */
function assertWithoutGap(lines: readonly (Envelope & { gap?: { from: number; to: number } })[]): void {
  let next = 1;
  for (const { gap, sequence } of lines) {
    assert.equal(gap?.from ?? Number(sequence), next, `seq ${next} is missing`);
    next = (gap?.to ?? Number(sequence)) + 1;
  }
}
