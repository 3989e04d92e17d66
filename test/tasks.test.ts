import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import type { TaskResult } from "@ostler/protocol";
import { pidsMarked, TestAgent } from "./helpers/agent.js";
import { until } from "./helpers/until.js";

const config = `
services:
  web:
    command: [sleep, "1000"]
    cwd: /usr
    env: {COLOUR: red, SIZE: small}
    tasks:
      show: {command: [sh, -c, "pwd; echo $COLOUR $SIZE"], env: {SIZE: large}}
      break: {command: [sh, -c, "echo half; echo no space left >&2; exit 3"]}
      endless: {command: [sh, -c, "echo begun > DIR/begun; sleep 1000"], env: {TEST_MARK: "DIR"}}
      slow: {command: [sleep, "1000"], timeout: 200ms}
      twice: {command: ["true"]}
  db:
    processes: {main: {command: [sleep, "1000"], cwd: /usr/bin, env: {COLOUR: blue}}}
    tasks:
      where: {command: [sh, -c, "pwd; echo $COLOUR"]}
      twice: {command: ["true"]}
`;

suite("tasks", () => {
  let agent: TestAgent;
  before(async () => {
    agent = await TestAgent.start(config);
  });
  after(() => agent[Symbol.asyncDispose]());

  test("are listed, all of them or those of a service", async () => {
    const { stdout } = await agent.ostler("task", "list");
    assert.match(stdout, /^web\/show +10m +sh -c pwd/m);
    assert.match(stdout, /^db\/where /m);
    const db = JSON.parse((await agent.ostler("task", "list", "db", "--json")).stdout) as { name: string }[];
    assert.deepEqual(
      db.map(({ name }) => name),
      ["where", "twice"],
    );
    assert.match((await agent.ostler("task", "list", "wbe")).stderr, /There is no service "wbe" here/);
  });

  test("run in the place of their service, with its environment and their own", async () => {
    assert.deepEqual(await agent.ostler("task", "run", "web/show"), {
      code: 0,
      stdout: "/usr\nred large\n",
      stderr: "",
    });
    assert.equal((await agent.ostler("task", "run", "db/where")).stdout, "/usr/bin\nblue\n");
  });

  test("need no service where only one has a task of the name", async () => {
    assert.equal((await agent.ostler("task", "run", "where")).code, 0);
    const unclear = await agent.ostler("task", "run", "twice");
    assert.equal(unclear.code, 2);
    assert.match(unclear.stderr, /Several services have a task "twice"\. Say which: web\/twice, db\/twice\./);
    assert.match((await agent.ostler("task", "run", "nope")).stderr, /There is no task "nope" here\. Known: web\/show/);
    assert.match((await agent.ostler("task", "run", "web/nope")).stderr, /There is no task of web "nope" here/);
  });

  test("that fail say how, and what they wrote is printed all the same", async () => {
    const { code, stdout, stderr } = await agent.ostler("task", "run", "web/break");
    assert.deepEqual([code, stdout], [1, "half\n"]);
    assert.equal(stderr, "no space left\nostler: Task break exited with code 3: no space left\n");
    const json = JSON.parse((await agent.ostler("task", "run", "web/break", "--json")).stdout) as { data: TaskResult };
    assert.deepEqual([json.data.exit, json.data.stdout], [{ kind: "code", code: 3 }, "half\n"]);
  });

  test("that take too long are ended", async () => {
    const { code, stderr } = await agent.ostler("task", "run", "slow");
    assert.equal(code, 6);
    assert.match(stderr, /Task slow did not end within 200 ms and was ended/);
    assert.equal((await agent.ostler("task", "run", "endless", "--timeout", "200ms")).code, 6);
    assert.deepEqual(pidsMarked(`TEST_MARK=${agent.directory}`), []);
  });

  test("are told like every command: who ran which, why, and what came of it", async () => {
    await agent.ostler("task", "run", "web/show", "--reason", "a look");
    const accepted = (await agent.events("command.accepted")).at(-1);
    assert.deepEqual([accepted?.data.args, accepted?.data.reason], [{ service: "web", task: "show" }, "a look"]);
    const finished = (await agent.events("command.finished")).at(-1);
    assert.equal((finished?.data.data as TaskResult).stdout, "/usr\nred large\n");
  });

  test("wait for their turn on their service", async () => {
    const first = agent.ostler("task", "run", "endless", "--timeout", "1s");
    await until(() => pidsMarked(`TEST_MARK=${agent.directory}`).length > 0, "the first has begun");
    const second = await agent.ostler("task", "run", "web/show");
    assert.equal(second.code, 0);
    const order = (await agent.events("command.finished")).slice(-2).map(({ data }) => data.outcome);
    assert.deepEqual(order, ["failed", "succeeded"]);
    await first;
  });

  test("change with a reload, and no process is touched by it", async () => {
    const pid = await agent.pidOf("web");
    agent.configure(config.replace("SIZE: large", "SIZE: huge"));
    assert.match((await agent.ostler("reload")).stdout, /services\.web\.tasks\.show\.env\.SIZE changed \(live\)/);
    assert.equal((await agent.ostler("task", "run", "show")).stdout, "/usr\nred huge\n");
    assert.equal(await agent.pidOf("web"), pid);
  });
});

test("an agent that ends, ends the task that runs, and the next one knows that it was interrupted", async () => {
  await using agent = await TestAgent.start(config);
  const running = agent.ostler("task", "run", "endless");
  await until(() => existsSync(join(agent.directory, "begun")), "it has begun");
  await agent.end();
  assert.notEqual((await running).code, 0);
  assert.deepEqual(pidsMarked(`TEST_MARK=${agent.directory}`), []);
  await agent.run();
  const finished = await agent.events("command.finished");
  assert.deepEqual([finished.length, finished[0]?.data.outcome], [1, "interrupted"]);
});

test("an agent that is killed leaves its task running; the next one ends all of it, and runs none before", async () => {
  await using agent = await TestAgent.start(`
services:
  web:
    command: [sleep, "1000"]
    tasks:
      stray: {command: [sh, -c, "setsid sh -c 'trap : TERM; echo > DIR/begun; sleep 1000; sleep 1' & wait"]}
      show: {command: [echo, well]}
`);
  void agent.ostler("task", "run", "stray");
  await until(() => existsSync(join(agent.directory, "begun")), "it has begun");
  const service = await agent.pidOf("web");
  await agent.end("SIGKILL");
  assert.ok(agent.servicePids().length > 2, "it runs on, and so does the service");
  await agent.run();
  assert.equal((await agent.ostler("task", "run", "show")).stdout, "well\n");
  assert.deepEqual(agent.servicePids(), [service]);
  const [told, ...more] = await agent.events("task.interrupted");
  assert.deepEqual([told?.data.service, told?.data.task, more], ["web", "stray", []]);
  assert.ok((told?.data.pids as number[]).length >= 2 && !(told?.data.pids as number[]).includes(service));
});

test("what a task still lacks is found beforehand", async () => {
  await using agent = TestAgent.prepare(
    "services: {web: {command: [sleep, '1'], tasks: {tidy: {command: [/does/not/exist]}}}}",
  );
  const { code, stdout } = await agent.ostler("validate", "--preflight");
  assert.equal(code, 3);
  assert.match(stdout, /services\.web\.tasks\.tidy: \/does\/not\/exist does not exist/);
});
