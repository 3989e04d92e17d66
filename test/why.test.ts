import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo, type Server } from "node:net";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { fixture, kill, TestAgent } from "./helpers/agent.js";
import { until } from "./helpers/until.js";

/** `ostler why` against real programs: every state, with the setting that it follows from. */

const sleeps = 'command: [sleep, "600"]';
const fails = 'command: ["false"]';
/** So long that nothing comes back while a test looks. */
const long = "backoff: {initial: 7d, max: 7d}";
const atOnce = "restart: {backoff: {initial: 0s}, crash_loop: {window: 0s}}";

const config = (port: number, colour = "red"): string => `
agent: {data_dir: ./data, usage: {every: 1s}}
http: {listen: "127.0.0.1:0"}
services:
  well: {${sleeps}}
  stopped: {${sleeps}}
  isolated: {${sleeps}}
  completed: {command: ["true"], restart: {policy: on-failure}}
  listed: {command: [sh, -c, "exit 3"], restart: {no_restart_exit: [3]}}
  never: {${fails}, restart: {policy: never}}
  given-up: {${fails}, restart: {backoff: {initial: 0s}, crash_loop: {count: 2, then: stop}}}
  looping: {${fails}, restart: {backoff: {initial: 0s, max: 7d}, crash_loop: {count: 2}}}
  waits: {${fails}, restart: {${long}}}
  missing: {command: [/does/not/exist], restart: {${long}}}
  misconfigured: {command: [sh, -c, "exit 78"], restart: {${long}}}
  unready: {${sleeps}, checks: [{name: up, kind: exec, command: [sh, -c, "exit 2"], every: 50ms}]}
  deaf: {processes: {api: {${sleeps}, listens: ["unix:DIR/none.sock"]}}}
  foreign: {${sleeps}, listens: ["tcp:${port}"]}
  sick:
    ${sleeps}
    ${atOnce}
    checks:
      - {name: fine, kind: exec, command: ["true"], role: liveness}
      - {name: alive, kind: exec, command: [sh, -c, "test -e DIR/well || exit 2"], role: liveness, every: 50ms, failures: 2}
  greedy: {${sleeps}, ${atOnce}, watch: [{memory: {above: 1KiB}, for: 0s, action: restart}]}
  fat: {${sleeps}, watch: [{cpu: {above: 400%}}, {memory: {above: 1KiB}, for: 0s, action: stop}]}
  large: {${sleeps}, watch: [{name: size, memory: {above: 1KiB}, for: 0s}]}
  changed: {${sleeps}, env: {COLOUR: ${colour}}}
  by-hand: {${sleeps}}
  killed: {${sleeps}, ${atOnce}}
  stubborn: {command: [sh, ${fixture("ignore-term.sh")}, DIR/up], stop: {timeout: 100ms}}
`;

type Answers = { answers: { about: string; says: string; rule?: string; next?: { at: string; inMs: number } }[] };

suite("why", () => {
  let agent: TestAgent;
  let stranger: Server;
  let port = 0;
  before(async () => {
    stranger = createServer().listen(0, "127.0.0.1");
    await once(stranger, "listening");
    port = (stranger.address() as AddressInfo).port;
    agent = await TestAgent.start(config(port).trimStart());
  });
  after(async () => {
    stranger.close();
    await agent[Symbol.asyncDispose]();
  });

  /** The answer has this line; events are read when they are stored, so it may take a moment. */
  const says = async (service: string, ...lines: RegExp[]): Promise<void> => {
    await until(async () => {
      const { stdout } = await agent.ostler("why", service);
      for (const line of lines) assert.match(stdout, line);
      return true;
    }, `why ${service} says it`);
  };

  test("is short about what is well", async () => {
    await agent.ready("well");
    await says("well", /^It is ready, since .*\.\nmain: It runs, pid \d+, since \S+Z\.$/m);
  });

  test("tells who stopped it, when and for what", async () => {
    await agent.pidOf("stopped");
    await agent.ostler("stop", "stopped", "--reason", "a look");
    await says(
      "stopped",
      /^main: It was stopped, and stays so until `ostler start stopped`; by cli local at \S+Z: a look; rule: service\.stop\.$/m,
    );
  });

  test("tells of an isolation until when it holds", async () => {
    await agent.ostler("isolate", "isolated", "--reason", "odd traffic");
    await says(
      "isolated",
      /isolated by cli local at \S+: odd traffic/,
      /^main: It is stopped, and stays so until `ostler release isolated`; rule: service\.isolate\.$/m,
    );
  });

  test("tells why what has ended is not started again", async () => {
    await says("completed", /^main: It has completed, and rests; rule: services\.completed\.restart\.policy\.$/m);
    await says("listed", /^main: It is not restarted: .*; rule: services\.listed\.restart\.no_restart_exit\.$/m);
    await says("never", /^main: It is not restarted: .*; rule: services\.never\.restart\.policy\.$/m);
    await says(
      "given-up",
      /^main: It is not restarted: it is in a crash loop: .*`ostler start given-up` starts it; rule: services\.given-up\.restart\.crash_loop\.$/m,
    );
  });

  test("tells what it waits for, until when, and by which setting", async () => {
    const waits = /^main: It waits for attempt 1 at \S+Z, in \S.*, because it exited with code 1; rule: /m;
    await says("waits", new RegExp(`${waits.source}services\\.waits\\.restart\\.backoff\\.$`, "m"));
    await says(
      "missing",
      /^main: It waits .* because it could not be started: .* \(not-found\); only a person can mend that, .*; rule: services\.missing\.restart\.backoff\.max\.$/m,
    );
    await says("misconfigured", /because it exited .*probably its configuration is wrong.*backoff\.max\.$/m);
    await says(
      "looping",
      /^main: It waits for attempt 2 .*; rule: services\.looping\.restart\.crash_loop\.$/m,
      /^ {2}It is in a crash loop since .*services\.looping\.restart\.stable_after/m,
    );
  });

  test("tells which check keeps it from being ready", async () => {
    await says(
      "unready",
      /^check up: This readiness check fails since \S+Z: .*; rule: services\.unready\.checks\.0\.$/m,
    );
    await says(
      "deaf",
      /^check api:listens: .* fails .*: nothing listens on \S+none\.sock; rule: services\.deaf\.processes\.api\.listens\.$/m,
    );
    await says(
      "foreign",
      /^check main:listens: .* fails .*: another process listens on tcp port \d+; rule: services\.foreign\.listens\.$/m,
    );
  });

  test("tells which check, watch, person or change had it restarted", async () => {
    await agent.pidOf("by-hand");
    await agent.ostler("restart", "by-hand", "--reason", "a new release");
    await says(
      "by-hand",
      /^ {2}It was last restarted at \S+, because a new release \(1 in all\), by cli local; rule: service\.restart\.$/m,
    );
    await says(
      "sick",
      /because liveness check alive failed: .*, by policy restart-unhealthy; rule: services\.sick\.checks\.1\.$/m,
    );
    writeFileSync(join(agent.directory, "well"), "");
    await says("greedy", /because watch memory: .*, by policy enforce-limits; rule: services\.greedy\.watch\.0\.$/m);
    kill(await agent.pidOf("killed"));
    await says("killed", /because it ended by SIGKILL \(1 in all\); rule: services\.killed\.restart\.policy\.$/m);
  });

  test("tells which watch had it stopped, and which is exceeded", async () => {
    await says("fat", /^main: It was stopped, .*; by policy enforce-limits at .*; rule: services\.fat\.watch\.1\.$/m);
    await says("large", /^ {2}It is beyond a limit since .*; rule: services\.large\.watch\.0\.$/m);
  });

  test("tells that a kill may have lost work", async () => {
    await until(() => existsSync(join(agent.directory, "up")), "it ignores what it is asked");
    await agent.ostler("stop", "stubborn");
    await says(
      "stubborn",
      /^ {2}Run 1 ended by SIGKILL, .* work in progress may be lost .*, as asked; rule: services\.stubborn\.stop\.timeout\.$/m,
    );
  });

  test("gives the same as data", async () => {
    const { stdout } = await agent.ostler("why", "waits", "--json");
    const [waiting] = (JSON.parse(stdout) as Answers).answers;
    assert.equal(waiting?.about, "process main");
    assert.equal(waiting.rule, "services.waits.restart.backoff");
    assert.ok((waiting.next?.inMs ?? 0) > 0 && Date.parse(waiting.next?.at ?? "") > Date.now());
  });

  test("tells of a maintenance who holds what back", async () => {
    await agent.ostler("maintenance", "on", "killed", "--for", "1h", "--reason", "new disk");
    kill(await agent.pidOf("killed"));
    await says(
      "killed",
      /^main: It waits for the end of the maintenance at \S+Z, in \S.*, because it ended by SIGKILL; rule: maintenance\.on\.$/m,
      /^service: It is in maintenance by cli local until .*: new disk; rule: maintenance\.on\.$/m,
    );
  });

  test("names the settings of a reload that restarted it, and a reload that was refused", async () => {
    agent.configure(config(port, "blue").trimStart());
    assert.equal((await agent.ostler("reload")).code, 0);
    await says("changed", /because its configuration changed \(1 in all\); rule: services\.changed\.env\.COLOUR\.$/m);
    agent.configure("agent: {data_dir: ./data}\nservices: {web: {command: []}}\n");
    assert.equal((await agent.ostler("reload")).code, 3);
    await says(
      "changed",
      /^agent: It runs with the configuration before: a reload was refused at .*; rule: config\.reload\.$/m,
    );
  });
});

test("why tells of an agent that is not well itself", async () => {
  await using agent = TestAgent.prepare(`services: {web: {${sleeps}}}`);
  writeFileSync(join(agent.directory, "data"), "a file where its directory should be");
  agent.configure(
    `agent: {data_dir: ./data/none, run_dir: ./run}\nhttp: {listen: "127.0.0.1:0"}\nservices: {web: {${sleeps}}}\n`,
  );
  agent.place.data = join(agent.directory, "run");
  await agent.run();
  const { stdout } = await agent.ostler("why", "web");
  assert.match(stdout, /^agent: It works only in a reduced way: journal: Cannot store anything in .*/m);
});
