import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { fixture, kill, TestAgent } from "./helpers/agent.js";
import { until } from "./helpers/until.js";

const config = `
services:
  web:
    command: [node, ${fixture("http.mjs")}]
    env: {API_TOKEN: hush, MODE: calm}
    restart: {backoff: {initial: 10ms}}
    checks: [{name: here, kind: exec, command: ["true"]}]
  chatty: {command: [sh, -c, "for i in 1 2 3 4 5; do echo line $i; done; echo oops >&2; sleep 600"]}
  broken: {command: [/does/not/exist]}
`;

suite("the command line", () => {
  let agent: TestAgent;
  before(async () => {
    agent = await TestAgent.start(config);
    await agent.ready("web");
  });
  after(() => agent[Symbol.asyncDispose]());

  const json = async (...args: string[]): Promise<unknown> =>
    JSON.parse((await agent.ostler(...args, "--json")).stdout);

  test("validates a good file", async () => {
    const { code, stdout } = await agent.ostler("validate");
    assert.equal(code, 0);
    assert.match(stdout, /is valid: 3 service\(s\)/);
    assert.deepEqual(await json("validate-config"), { file: agent.configFile, valid: true, problems: [] });
  });

  test("validates a bad file: every problem with its place, and exit code 3", async () => {
    const bad = join(agent.directory, "bad.yaml");
    writeFileSync(bad, "services:\n  web:\n    comand: [x]\nhtpp: {}\n");
    const { code, stdout } = await agent.ostler("-c", bad, "validate");
    assert.equal(code, 3);
    assert.deepEqual(stdout.trim().split("\n"), [
      `${bad}:3:5: services.web.comand: is not a setting; did you mean command?`,
      `${bad}:3:5: services.web: must have either \`command\`, \`processes\` or \`attach\``,
      `${bad}:4:1: htpp: is not a setting; did you mean http?`,
    ]);
  });

  test("finds what a valid file still lacks, with --preflight", async () => {
    const { code, stdout } = await agent.ostler("validate", "--preflight");
    assert.equal(code, 3);
    assert.match(stdout, /services\.broken \(main\): \/does\/not\/exist does not exist/);
  });

  test("shows the configuration without its secrets", async () => {
    for (const args of [
      ["config", "show"],
      ["config", "show", "--effective"],
    ]) {
      const { stdout } = await agent.ostler(...args);
      assert.match(stdout, /MODE: calm/);
      assert.match(stdout, /API_TOKEN: "?\[redacted\]/);
      assert.doesNotMatch(stdout, /hush/);
    }
  });

  test("plans a reload, setting by setting, against the running agent", async () => {
    const next = join(agent.directory, "next.yaml");
    writeFileSync(next, readFileSync(agent.configFile, "utf8").replace("calm", "wild").replace("10ms", "20ms"));
    const { changes, against } = (await json("config", "plan", next)) as { changes: object[]; against: string };
    assert.equal(against, "the running agent");
    assert.deepEqual(changes, [
      { path: "services.web.env.MODE", change: "changed", effect: "restarts-process" },
      { path: "services.web.restart.backoff.initial", change: "changed", effect: "live" },
    ]);
  });

  test("tells the state of all services, or of one", async () => {
    const { stdout } = await agent.ostler("status");
    assert.match(stdout, /^web\s+ready/m);
    assert.match(stdout, /^broken\s+not ready/m);
    assert.equal(((await json("status", "web")) as { ready: boolean }).ready, true);
    assert.equal((await agent.ostler("status", "web", "--check")).code, 0);
    assert.equal((await agent.ostler("status", "--check")).code, 7);
    assert.equal((await agent.ostler("status", "wbe")).code, 1);
  });

  test("tells what the processes of a service use", async () => {
    const pid = await agent.pidOf("chatty");
    await until(
      async () => /children +1 sleep$/m.test((await agent.ostler("status", "chatty")).stdout),
      "it is measured",
    );
    const { stdout } = await agent.ostler("status", "chatty");
    assert.match(stdout, /^chatty\/main$/m);
    assert.match(stdout, new RegExp(`^ +pids +${pid} \\d+$`, "m"));
    for (const line of [/uptime +\d/, /CPU .* in all/, /memory +\d.* [KM]iB/, /open files +\d/, /threads +2$/])
      assert.match(stdout, new RegExp(`^ +${line.source}`, "m"));
    const { usage } = (await json("status", "chatty")) as { usage: { main: { pids: number[]; peaks: object } } };
    assert.equal(usage.main.pids[0], pid);
    assert.ok(usage.main.peaks);
  });

  test("tells the health of everything on one page", async () => {
    const { code, stdout } = await agent.ostler("health");
    assert.equal(code, 7);
    assert.match(stdout, /^status\s+unhealthy/m);
    assert.match(stdout, /^controllers\s+0 of 0 connected/m);
    assert.equal(((await json("health")) as { status: string }).status, "unhealthy");
  });

  test("tells why", async () => {
    kill(await agent.pidOf("web"));
    await until(async () => (await agent.events("service.restarted")).length > 0);
    await agent.ready("web");
    const { stdout } = await agent.ostler("why", "web");
    assert.match(stdout, /It is ready/);
    assert.match(stdout, /because it ended by SIGKILL \(1 in all\)/);
    assert.match(
      (await agent.ostler("why", "broken")).stdout,
      /It waits for attempt \d+ at .*does not exist.*rule: services\.broken\.restart\.backoff\.max/,
    );
  });

  test("stops, starts and restarts", async () => {
    assert.match((await agent.ostler("stop", "chatty", "--reason", "a test")).stdout, /chatty is stopped/);
    assert.match(
      (await agent.ostler("why", "chatty")).stdout,
      /It was stopped, and stays so until `ostler start chatty`/,
    );
    assert.match((await agent.ostler("start", "chatty/main")).stdout, /runs/);
    assert.match((await agent.ostler("restart", "chatty")).stdout, /was restarted/);
    const accepted = (await agent.events("command.accepted")).find(({ data }) => data.name === "service.stop");
    assert.deepEqual([accepted?.data.reason, accepted?.data.actor], ["a test", { kind: "cli", name: "local" }]);
  });

  test("fails with one line and its exit code", async () => {
    const unknown = await agent.ostler("start", "nobody");
    assert.equal(unknown.code, 1);
    assert.match(unknown.stderr, /^ostler: There is no service "nobody" here\. Known: .*\n$/);
    const broken = await agent.ostler("start", "broken");
    assert.equal(broken.code, 1);
    assert.match(broken.stderr, /"broken\/main" is waiting: .*\/does\/not\/exist does not exist/);
    assert.equal((await agent.ostler("frobnicate")).code, 2);
    assert.equal((await agent.ostler("status", "--frob")).code, 2);
    assert.equal((await agent.ostler("events", "--since", "soon")).code, 2);
    assert.equal((await agent.ostler("--socket", "/nowhere.sock", "status")).code, 4);
    assert.equal((await agent.ostler("-c", "/nowhere.yaml", "run")).code, 3);
    assert.equal((await agent.ostler("restart", "web", "--timeout", "1ms")).code, 6);
  });

  test("lists events, filtered", async () => {
    const { stdout } = await agent.ostler("events", "--type", "service.*", "check.*", "--since", "1h");
    assert.match(stdout, /ostler\.?.*service\.ready web is ready|service\.ready/);
    assert.doesNotMatch(stdout, /agent\.started/);
    const first = JSON.parse((await agent.ostler("events", "--json")).stdout.split("\n")[0] ?? "") as {
      sequence: string;
    };
    assert.equal(first.sequence, "0000000000000001");
  });

  test("prints what a service wrote, filtered", async () => {
    await until(async () => (await agent.ostler("logs", "chatty")).stdout.includes("line 5"));
    const { stdout } = await agent.ostler("logs", "chatty", "-n", "2", "--grep", "line");
    assert.deepEqual(stdout.trim().split("\n"), ["main line 4", "main line 5"]);
    assert.match((await agent.ostler("logs", "chatty", "--json")).stdout, /"stream":"stderr",.*"text":"oops"/);
  });

  test("reloads, and says what came of it", async () => {
    assert.match((await agent.ostler("reload")).stdout, /Nothing has changed/);
    agent.configure(config.replace("10ms", "30ms"));
    assert.match((await agent.ostler("reload")).stdout, /services\.web\.restart\.backoff\.initial changed \(live\)/);
  });

  test("makes an identity, once", async () => {
    const [first, second] = [await json("init"), await json("init")] as { id: string; problems: unknown[] }[];
    assert.match(first?.id ?? "", /^[0-9a-f]{8}-[0-9a-f]{4}-7/);
    assert.deepEqual(first, second);
  });

  test("uses no colours where nobody sees them", async () => {
    assert.doesNotMatch((await agent.ostler("status")).stdout, /\u001b/);
  });
});

test("the version names the commit it was built from", async () => {
  await using agent = TestAgent.prepare("services: {}");
  assert.match((await agent.ostler("--version")).stdout, /^ostler \d+\.\d+\.\d+ \(([0-9a-f]{7,}|unknown)\)\n$/);
  const build = JSON.parse((await agent.ostler("--build-info")).stdout) as Record<string, unknown>;
  assert.deepEqual(Object.keys(build), [
    "version",
    "gitSha",
    "node",
    "platform",
    "buildTime",
    "features",
    "dependencies",
  ]);
});

test("a command line without an agent says so, and how to help", async () => {
  await using agent = TestAgent.prepare("services: {}");
  for (const args of [["status"], ["health"], ["reload"], ["events"], ["logs", "x"], ["start", "x"], ["why", "x"]]) {
    const { code, stderr } = await agent.ostler(...args);
    assert.equal(code, 4);
    assert.match(stderr, /no agent is there\. Start one with `ostler run`/);
  }
  const { stdout } = await agent.ostler("config", "plan", agent.configFile);
  assert.match(stdout, /Nothing would change \(compared with .* \(no agent is running\)\)/);
});

test("a configuration is looked for where users expect it", async () => {
  const directory = mkdtempSync(join(tmpdir(), "ostler-cli-"));
  await using agent = TestAgent.prepare("services: {}", { env: { OSTLER_CONFIG: join(directory, "named.yaml") } });
  writeFileSync(join(directory, "named.yaml"), "services: {}\n");
  assert.match((await agent.ostler("-c", join(directory, "named.yaml"), "validate")).stdout, /named\.yaml is valid/);
  rmSync(directory, { recursive: true });
});
