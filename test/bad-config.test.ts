import assert from "node:assert/strict";
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { suite, test } from "node:test";
import { TestAgent } from "./helpers/agent.js";
import { until } from "./helpers/until.js";

const good = `agent: {data_dir: ./data}\nhttp: {listen: "127.0.0.1:0"}\nservices: {web: {command: [sleep, "600"]}}\n`;

const aliasBomb = [
  "a: &a [x, x, x, x, x, x, x, x, x, x]",
  ..."bcdefghi".split("").map((name, at) => `${name}: &${name} [${Array(10).fill(`*${"abcdefgh"[at]}`).join(", ")}]`),
].join("\n");

/** Each makes the file at a path bad; the agent must say what the pattern says. */
const bad: Record<string, { make: (path: string) => void; says: RegExp }> = {
  "an empty file": { make: (path) => writeFileSync(path, ""), says: /:1:1: is empty/ },
  "a file of comments": { make: (path) => writeFileSync(path, "# nothing\n"), says: /:1:1: is empty/ },
  "a half-written file": {
    make: (path) => writeFileSync(path, good.slice(0, good.indexOf("sleep") + 3)),
    says: /:3:\d+: is not valid YAML/,
  },
  "a binary file": {
    make: (path) => writeFileSync(path, Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 1])),
    says: /not a text file: it contains NUL/,
  },
  "a file that is not UTF-8": {
    make: (path) => writeFileSync(path, Buffer.from([0x61, 0x3a, 0x20, 0xff, 0xfe])),
    says: /it is not UTF-8/,
  },
  "a file of 10 MB": {
    make: (path) => writeFileSync(path, `${good}#${"x".repeat(10 * 1024 * 1024)}`),
    says: /has \d+ bytes; a configuration may have 1048576/,
  },
  "an alias bomb": { make: (path) => writeFileSync(path, `${aliasBomb}\n`), says: /Excessive alias count/ },
  "a file nested 20,000 deep": {
    make: (path) => writeFileSync(path, "a: ".concat("[".repeat(20_000))),
    says: /is nested more than 100 levels deep/,
  },
  "a list": { make: (path) => writeFileSync(path, "- a\n- b\n"), says: /must be a mapping of settings/ },
  "a directory": { make: (path) => mkdirSync(path), says: /cannot be read: EISDIR/ },
  "a link to nowhere": { make: (path) => symlinkSync("/does/not/exist", path), says: /does not exist/ },
  "a file that is gone": { make: () => {}, says: /does not exist/ },
  "an unset variable": {
    make: (path) => writeFileSync(path, good.replace("600", "${NOBODY_SET_THIS}")),
    says: /:3:\d+: \$\{NOBODY_SET_THIS\}: the variable is not set/,
  },
  "a listener open to the world": {
    make: (path) => writeFileSync(path, good.replace("127.0.0.1:0", "0.0.0.0:0")),
    says: /reachable from other hosts: set http\.tls and http\.tokens/,
  },
  ...(process.getuid?.() === 0
    ? {}
    : {
        "a file nobody may read": {
          make: (path: string) => (writeFileSync(path, good), chmodSync(path, 0)),
          says: /cannot be read: EACCES/,
        },
      }),
};

suite("a bad configuration", () => {
  for (const [name, { make, says }] of Object.entries(bad)) {
    test(`${name}: the agent does not start, says why, and exits with 3`, async () => {
      await using agent = TestAgent.prepare(good);
      rmSync(agent.configFile);
      make(agent.configFile);
      const { code, stderr } = await agent.ostler("run");
      assert.equal(code, 3);
      assert.match(stderr, says);
    });
  }

  test("as a reload none of them changes anything, each is told, and a good one is applied afterwards", async () => {
    await using agent = await TestAgent.start(good);
    const pid = await agent.pidOf("web");
    for (const [round, { make, says }] of Object.values(bad).entries()) {
      rmSync(agent.configFile, { recursive: true, force: true });
      make(agent.configFile);
      agent.signal("SIGHUP");
      const rejected = await until(async () => (await agent.events("config.rejected"))[round]);
      assert.match(String(rejected.data.problems), says);
    }
    assert.equal(((await agent.get("/healthz")) as { status: string }).status, "degraded");
    rmSync(agent.configFile, { recursive: true, force: true });
    agent.configure(good.replace("600", "601"));
    agent.signal("SIGHUP");
    await until(async () => (await agent.events("config.applied")).length === 2);
    assert.notEqual(await agent.pidOf("web"), pid);
    assert.equal(((await agent.get("/healthz")) as { status: string }).status, "healthy");
  });
});

test("a reload whose new port is taken changes nothing, not even the rest of it", async () => {
  await using other = await TestAgent.start("services: {}");
  await using agent = await TestAgent.start(good);
  const pid = await agent.pidOf("web");
  agent.configure(good.replace("127.0.0.1:0", new URL(await other.url()).host).replace("600", "601"));
  const { code, stderr } = await agent.ostler("reload");
  assert.equal(code, 1);
  assert.match(stderr, /Cannot listen on 127\.0\.0\.1:\d+: another program listens there/);
  assert.equal(await agent.pidOf("web"), pid);
  assert.equal((await fetch(`${await agent.url()}/health`)).status, 200);
});

test("a reload with a program that does not exist keeps the one that runs", async () => {
  await using agent = await TestAgent.start(good);
  const pid = await agent.pidOf("web");
  agent.configure(good.replace("sleep", "slep"));
  const { code, stderr } = await agent.ostler("reload");
  assert.equal(code, 3);
  assert.match(stderr, /services\.web: process main could not be started: "slep" is not in PATH/);
  assert.equal(await agent.pidOf("web"), pid);
});

test("a reload that needs a restart of the agent says which settings do, and changes nothing", async () => {
  await using agent = await TestAgent.start(good);
  agent.configure(good.replace("./data}", "./data, name: other}").replace("600", "601"));
  const pid = await agent.pidOf("web");
  const { code, stderr } = await agent.ostler("reload");
  assert.equal(code, 1);
  assert.match(stderr, /agent\.name cannot change while the agent runs\. Restart the agent; its services run on\./);
  assert.equal(await agent.pidOf("web"), pid);
});
