import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { Host } from "@ostler/sdk";
import { TestAgent } from "./helpers/agent.js";
import { until } from "./helpers/until.js";

const config = `
services:
  vcon:
    processes:
      api: {command: [sh, -c, "tail -n +1 -f DIR/api"]}
      conserver: {command: [sh, -c, "tail -n +1 -f DIR/conserver >&2"]}
  cryprq: {command: [sh, -c, "tail -n +1 -f DIR/cryprq"]}
`;

const api = (minute: number, message: string): string =>
  `{"asctime": "2026-11-20 10:0${minute}:00,000", "levelname": "INFO", "name": "api", "message": "${message}"}\n`;
const conserver = (minute: number, level: string, message: string): string =>
  `\u001b[2m2026-11-20T10:0${minute}:30Z\u001b[0m ${level} main: ${message}\n`;

suite("the logs", () => {
  let agent: TestAgent;
  const write = (name: string, text: string): void => appendFileSync(join(agent.directory, name), text);
  const logs = async (...args: string[]): Promise<string[]> => {
    const { code, stdout, stderr } = await agent.ostler("logs", ...args);
    assert.equal(code, 0, stderr);
    return stdout.split("\n").filter((line) => line !== "");
  };

  before(async () => {
    agent = TestAgent.prepare(config, { env: { TZ: "UTC" } });
    writeFileSync(join(agent.directory, "api"), api(1, "GET 1") + api(3, "GET 3"));
    const trace = 'Traceback (most recent call last):\n  File "a.py"\nValueError: no\n';
    const broken = conserver(2, "ERROR", "it broke") + trace + conserver(4, " WARN", "slow");
    writeFileSync(join(agent.directory, "conserver"), broken);
    writeFileSync(join(agent.directory, "cryprq"), "[2026-11-20T10:05:00Z INFO  p2p] event=handshake peer=a\n");
    await agent.run();
    await until(async () => (await logs()).length === 8, "all of it is there");
  });
  after(() => agent[Symbol.asyncDispose]());

  test("of a service are those of all its processes, in the order of time, with their names", async () => {
    assert.deepEqual(
      (await logs("vcon", "-t")).map((line) => line.replace(/\{.*"message": "(.*)"\}/, "$1").slice(11)),
      [
        "10:01:00.000Z api GET 1",
        "10:02:30.000Z conserver 2026-11-20T10:02:30Z ERROR main: it broke",
        "10:02:30.000Z conserver Traceback (most recent call last):",
        '10:02:30.000Z conserver   File "a.py"',
        "10:02:30.000Z conserver ValueError: no",
        "10:03:00.000Z api GET 3",
        "10:04:30.000Z conserver 2026-11-20T10:04:30Z  WARN main: slow",
      ],
    );
    assert.deepEqual(await logs("-n", "1"), ["cryprq/main [2026-11-20T10:05:00Z INFO  p2p] event=handshake peer=a"]);
  });

  test("can be narrowed down: to a process, a time, a level, an expression, and the last so many of what is left", async () => {
    assert.equal((await logs("vcon/api")).length, 2);
    assert.equal((await logs("vcon", "--process", "conserver")).length, 5);
    assert.equal((await logs("vcon", "--since", "2026-11-20T10:03:00Z")).length, 2);
    assert.equal((await logs("vcon", "--since", "2026-11-20T10:02Z", "--until", "2026-11-20T10:03Z")).length, 5);
    assert.equal((await logs("vcon", "--since", "1s")).length, 0);
    assert.equal((await logs("vcon", "--level", "warning")).length, 5);
    assert.equal((await logs("vcon", "--level", "error", "-n", "1"))[0], "conserver ValueError: no");
    assert.equal((await logs("vcon", "--grep", "get [13]", "-i")).length, 2);
    assert.match((await logs("vcon", "--grep", "GET", "-n", "1")).join(), /^api .*GET 3/);
    assert.deepEqual(await logs("vcon", "--grep", "get"), []);
    assert.match((await logs("vcon", "-n", "1", "--ansi")).join(), /\u001b\[2m2026/);
  });

  test("for programs are one object a line", async () => {
    const [line = ""] = await logs("cryprq", "--json");
    assert.deepEqual(JSON.parse(line), {
      service: "cryprq",
      process: "main",
      stream: "stdout",
      time: "2026-11-20T10:05:00.000Z",
      level: "info",
      text: "[2026-11-20T10:05:00Z INFO  p2p] event=handshake peer=a",
    });
    assert.equal(await agent.get("/v1/logs/cryprq?n=1"), `${line}\n`);
    assert.equal(((await agent.get("/v1/logs?n=all")) as string).split("\n").length, 9);
  });

  test("that nobody can give are refused with what to do", async () => {
    for (const [args, wanted] of [
      [["vcon", "--grep", "("], /must be a regular expression/],
      [["vcon", "--since", "soon"], /"soon" is no time\. Write 1h, today/],
      [["vcon", "--level", "loud"], /"level" must be one of: trace, debug, info/],
      [["vcon", "-n", "some"], /"n" must be one of: a number of lines, or all/],
      [["vcon/nope"], /no process of vcon "nope"/],
      [["vcon", "--source", "nope"], /no log of vcon "nope"/],
      [["nope"], /no service "nope"/],
    ] as const) {
      const { code, stderr } = await agent.ostler("logs", ...args);
      assert.ok(code > 0, args.join(" "));
      assert.match(stderr, wanted);
    }
    assert.match((await agent.ostler("events", "--since", "soon")).stderr, /"soon" is no time/);
    assert.equal((await agent.ostler("events", "--since", "yesterday")).code, 0);
  });

  test("are followed, of all services at once", async () => {
    const child = spawn(process.execPath, [...agent.words("logs", "-f", "-n", "1", "--grep", "0[5-9]:")], {
      env: agent.env,
      stdio: ["ignore", "pipe", "inherit"],
    });
    let seen = "";
    child.stdout.on("data", (chunk: Buffer) => (seen += chunk.toString()));
    try {
      await until(() => seen.includes("cryprq/main"), "the last line");
      write("api", api(6, "GET 6") + api(2, "not wanted"));
      await until(() => seen.includes("GET 6"), "what came of one");
      write("cryprq", "[2026-11-20T10:07:00Z INFO  p2p] event=ping\n");
      await until(() => seen.includes("event=ping"), "what came of the other");
      assert.deepEqual(
        seen
          .trim()
          .split("\n")
          .map((line) => line.split(" ")[0]),
        ["cryprq/main", "vcon/api", "cryprq/main"],
      );
    } finally {
      const exited = once(child, "exit");
      child.kill();
      await exited;
    }
  });

  test("come to a controller, the last ones first, and then what is written", async () => {
    await using host = await Host.connect(`${(await agent.url()).replace("http", "ws")}/v1/stream`);
    const seen: string[] = [];
    const lines = host.logs({ service: "vcon", level: "warning", grep: "main:", last: 1 });
    const next = async (): Promise<void> => {
      const result = await lines.next();
      if (!result.done) seen.push("text" in result.value ? result.value.text : "");
    };
    await next();
    write("conserver", conserver(8, " INFO", "not wanted") + conserver(9, "ERROR", "it broke again"));
    await next();
    await lines.return(undefined);
    assert.deepEqual(seen, [
      "2026-11-20T10:04:30Z  WARN main: slow",
      "2026-11-20T10:09:30Z ERROR main: it broke again",
    ]);
    for await (const item of host.logs({ service: "vcon", since: "2026-11-20T10:01:00Z" })) {
      assert.match("text" in item ? item.text : "", /GET 1/);
      break;
    }
    await assert.rejects(host.logs({ service: "nope" }).next(), { code: "not-found", message: /no service "nope"/ });
    await assert.rejects(host.logs({ service: "vcon", grep: "(" }).next(), { code: "bad-request" });
  });
});
