import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { TestAgent } from "../helpers/agent.js";
import { freePort } from "../helpers/free-port.js";
import { until } from "../helpers/until.js";
import { needs, pathOf } from "./tools.js";

test(
  "a real redis-server shows its queues as numbers, and checks ask it",
  needs("redis-server", "redis-cli"),
  async () => {
    await using agent = TestAgent.prepare("services: {}");
    const port = await freePort();
    const redis = (...words: string[]): string =>
      execFileSync(
        pathOf("redis-cli") ?? "",
        ["-p", String(port), "--no-auth-warning", "-a", "hush", "-n", "2", ...words],
        {
          encoding: "utf8",
        },
      ).trim();
    const server = `address: "127.0.0.1:${port}", password: hush, db: 2`;
    agent.configure(`
services:
  redis:
    processes:
      db: {command: [${pathOf("redis-server")}, --port, "${port}", --bind, 127.0.0.1, --dir, DIR, --save, "", --requirepass, hush]}
      idle: {command: [sleep, "1000"], after: [db: ready]}
    checks:
      - {name: ping, process: db, kind: redis, ${server}, every: 100ms}
      - {name: master, process: idle, kind: redis, role: info, ${server}, command: [INFO, replication], field: role, equals: master, every: 100ms}
      - {name: short, process: idle, kind: redis, role: info, ${server}, command: [LLEN, queue], at_most: 2, every: 100ms, failures: 1}
      - {name: flag, process: idle, kind: redis, role: info, ${server}, command: [GET, flag], matches: "^on", every: 100ms, failures: 1}
      - {name: login, process: idle, kind: redis, role: info, address: "127.0.0.1:${port}", every: 100ms, failures: 1}
    metrics:
      scrape:
        redis:
          ${server.replaceAll(", ", "\n          ")}
          values:
            queue_depth: {command: [LLEN, queue], help: Jobs that wait}
            last_seen: {command: [GET, seen], type: counter}
            memory_used: {command: [INFO, memory], field: used_memory}
          lists: {dead_letters: {match: "DLQ:*"}}
        every: 500ms
        timeout: 500ms
`);
    await agent.run();
    await agent.ready("redis");
    const shown = async (): Promise<string[]> =>
      ((await agent.get("/metrics")) as string).split("\n").filter((line) => /^(queue_|last_|dead_)/.test(line));
    const failureOf = async (check: string): Promise<string> => {
      const its = (await agent.state()).services.redis?.checks[check];
      return its?.status === "failed" ? (its.reason ?? "") : "";
    };
    await until(
      async () => (await shown()).length === 1,
      "an empty queue is a depth of 0, and a key that is not there is absent",
    );
    assert.deepEqual(await shown(), ['queue_depth{service="redis"} 0']);
    assert.match((await agent.get("/metrics")) as string, /^memory_used\{service="redis"\} \d{6,}$/m);
    assert.match(await until(() => failureOf("flag")), /GET flag: there is no such key$/);
    assert.match(await until(() => failureOf("login")), /PING was refused: NOAUTH /);

    redis("RPUSH", "queue", "a", "b", "c");
    redis("SET", "seen", "17");
    redis("SET", "flag", "on");
    redis("RPUSH", "DLQ:x", "1");
    redis("RPUSH", "DLQ:y", "1", "2");
    redis("SET", "DLQ:text", "no list");
    await until(async () => (await shown()).length === 4, "they are shown");
    assert.deepEqual(await shown(), [
      'queue_depth{service="redis"} 3',
      'last_seen{service="redis"} 17',
      'dead_letters{service="redis",key="DLQ:x"} 1',
      'dead_letters{service="redis",key="DLQ:y"} 2',
    ]);
    assert.match(await until(() => failureOf("short")), /LLEN queue is 3, more than 2$/);
    const checks = (await agent.state()).services.redis?.checks;
    assert.deepEqual([checks?.ping?.status, checks?.master?.status], ["passed", "passed"]);
    await until(async () => (await agent.state()).services.redis?.checks.flag?.status === "passed", "the key is there");
    assert.ok(!redis("INFO", "commandstats").includes("cmdstat_keys"), "no question goes through all keys");

    assert.equal((await agent.ostler("stop", "redis")).code, 0);
    assert.deepEqual(await shown(), []);
    assert.match((await agent.get("/metrics")) as string, /^ostler_scrape_up\{service="redis",source="redis"\} 0$/m);
  },
);
