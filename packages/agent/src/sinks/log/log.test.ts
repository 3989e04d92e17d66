import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { logConfig, type LogConfig } from "../../config/agent.js";
import { configured, exited, recordingBus, started } from "../../testing/bus.js";
import { FakeClock } from "../../testing/fake-clock.js";
import { tempDir } from "../../testing/temp-dir.js";
import { Log } from "./log.js";

type Line = {
  level: string;
  time: string;
  msg: string;
  event: string;
  subject?: string;
  seq: number;
  data: Record<string, unknown>;
};

/** A bus whose events are logged to a file. */
function logged(settings: Partial<LogConfig> = {}, secrets: string[] = []) {
  const dir = tempDir();
  const clock = new FakeClock();
  const { bus } = recordingBus(clock);
  const configOf = (more: Partial<LogConfig>): LogConfig =>
    logConfig.parse({ output: dir.at("log"), ...settings, ...more });
  const log = Log.open(configOf({}), { clock, env: {}, secrets: () => secrets });
  bus.subscribe("log", log.follow);
  const text = (name = "log"): string => readFileSync(dir.at(name), "utf8");
  const lines = (name = "log"): Line[] =>
    text(name)
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Line);
  return {
    bus,
    log,
    dir,
    configOf,
    text,
    lines,
    [Symbol.asyncDispose]: async () => {
      await log[Symbol.asyncDispose]();
      dir[Symbol.dispose]();
    },
  };
}

test("every event is one line: the sentence, and the event beside it", async () => {
  await using agent = logged();
  agent.bus.publish(configured("web"));
  agent.bus.publish(started("web"));
  const [, line] = agent.lines();
  const { msg, event, subject, seq, level, data, time } = line ?? assert.fail();
  assert.deepEqual([msg, event, subject, seq, level], ["web started, pid 4242", "service.started", "web", 2, "info"]);
  assert.equal(data.pid, 4242);
  assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
});

test("a line is in the file when the event has been published: a crash loses none", async () => {
  await using agent = logged();
  for (let n = 1; n <= 100; n++) {
    agent.bus.publish({ type: "app.counted", data: { n } });
    assert.equal(agent.lines().length, n);
  }
});

test("the level decides what is logged", async () => {
  const story = [
    configured("web"),
    started("web"),
    exited("web"),
    { type: "config.rejected", data: { file: "f", problems: ["p"] } } as const,
  ];
  const loggedAt = async (level: LogConfig["level"]): Promise<string[]> => {
    await using agent = logged({ level });
    for (const event of story) agent.bus.publish(event);
    return agent.lines().map((line) => line.level);
  };
  assert.deepEqual(await loggedAt("debug"), ["info", "info", "warn", "error"]);
  assert.deepEqual(await loggedAt("warn"), ["warn", "error"]);
  assert.deepEqual(await loggedAt("error"), ["error"]);
  assert.deepEqual(await loggedAt("silent"), []);
});

test("an event that somebody else made up is logged by its type", async () => {
  await using agent = logged();
  agent.bus.publish({ type: "app.migrated", data: { rows: 5 } });
  assert.deepEqual(
    agent.lines().map(({ msg, level, data }) => [msg, level, data]),
    [["app.migrated", "info", { rows: 5 }]],
  );
});

test("no secret gets into the log, and every line stays JSON", async () => {
  const secrets = ["hunter2", 'quo"te', "back\\slash", "two\nlines", "8080", ":", '"'];
  await using agent = logged({}, secrets);
  for (const secret of secrets)
    agent.bus.publish({ type: "agent.degraded", data: { part: "journal", reason: `cannot use <${secret}>` } });
  agent.bus.publish({ type: "app.nested", data: { list: [{ deep: "x hunter2 y" }], port: 8080 } });
  const lines = agent.lines();
  assert.equal(lines.length, secrets.length + 1);
  for (const { msg, data } of lines.slice(0, -1)) {
    assert.match(msg, /<\[redacted\]>$/);
    assert.match(String(data.reason), /<\[redacted\]>$/);
  }
  assert.deepEqual(lines.at(-1)?.data, { list: [{ deep: "x [redacted] y" }], port: 8080 });
  assert.ok(!agent.text().includes("hunter2"));
});

test("for people a line is a sentence", async () => {
  await using agent = logged({ format: "pretty" });
  agent.bus.publish(started("web"));
  assert.match(agent.text(), /^\d\d:\d\d:\d\d\.\d{3} INFO {2}web started, pid 4242\n$/);
});

test("a reload takes the log to another file, and loses no line", async () => {
  await using agent = logged();
  agent.bus.publish({ type: "app.before", data: {} });
  const { commit } = agent.log.prepare(agent.configOf({ output: agent.dir.at("other") }));
  agent.bus.publish({ type: "app.between", data: {} });
  await commit(new AbortController().signal);
  agent.bus.publish({ type: "app.after", data: {} });
  assert.deepEqual(
    agent.lines().map(({ msg }) => msg),
    ["app.before", "app.between"],
  );
  assert.deepEqual(
    agent.lines("other").map(({ msg }) => msg),
    ["app.after"],
  );
});

test("a reload to a log that cannot be opened is refused, and the old one goes on", async () => {
  await using agent = logged();
  const nowhere = agent.configOf({ output: agent.dir.at("no/such/directory/log") });
  assert.throws(() => agent.log.prepare(nowhere), {
    code: "failed",
    message: /^Cannot open the log .*Change agent\.log\.output\.$/,
  });
  agent.bus.publish({ type: "app.still-here", data: {} });
  assert.equal(agent.lines().length, 1);
});

test("a prepared log that is discarded leaves the old one alone", async () => {
  await using agent = logged();
  await agent.log.prepare(agent.configOf({ output: agent.dir.at("other") })).discard();
  agent.bus.publish({ type: "app.still-here", data: {} });
  assert.deepEqual([agent.lines().length, agent.text("other")], [1, ""]);
});
