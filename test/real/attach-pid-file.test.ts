import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { kill, TestAgent } from "../helpers/agent.js";
import { freePort } from "../helpers/free-port.js";
import { until } from "../helpers/until.js";
import { needs, pathOf } from "./tools.js";

/** A redis-server that makes itself a daemon, as an init script of a distribution runs it. */
class Redis implements Disposable {
  readonly #directory: string;
  readonly #port: number;

  constructor(directory: string, port: number) {
    this.#directory = directory;
    this.#port = port;
    const settings = `bind 127.0.0.1\nport ${port}\ndir ${directory}\ndaemonize yes\npidfile ${this.file}\nlogfile log\nsave ""\n`;
    writeFileSync(join(directory, "redis.conf"), settings);
  }

  get file(): string {
    return join(this.#directory, "redis.pid");
  }

  get pid(): number {
    return existsSync(this.file) ? Number(readFileSync(this.file, "utf8")) : 0;
  }

  start(): void {
    assert.equal(spawnSync("redis-server", [join(this.#directory, "redis.conf")]).status, 0);
  }

  ask(...words: string[]): string {
    return spawnSync("redis-cli", ["-p", String(this.#port), ...words], { encoding: "utf8" }).stdout.trim();
  }

  [Symbol.dispose](): void {
    if (this.ask("ping") === "PONG") this.ask("shutdown", "nosave");
  }
}

test(
  "a real redis-server that belongs to somebody else is watched, and restarted through its owner",
  needs("redis-server", "redis-cli"),
  async () => {
    await using agent = TestAgent.prepare("services: {}");
    const port = await freePort();
    using redis = new Redis(agent.directory, port);
    agent.configure(`
services:
  redis:
    attach:
      pid_file: DIR/redis.pid
      start: [${pathOf("redis-server")}, DIR/redis.conf]
      stop: [${pathOf("redis-cli")}, -p, "${port}", shutdown, nosave]
    listens: [tcp:${port}]
    checks: [{name: ping, kind: tcp, address: "127.0.0.1:${port}", every: 200ms}]
`);
    redis.start();
    await agent.run();
    await agent.ready("redis");
    const first = await agent.pidOf("redis");
    assert.equal(first, redis.pid);
    await until(async () => (await agent.events("service.adopted")).length === 1, "its adoption is stored");

    assert.equal((await agent.ostler("restart", "redis")).code, 0);
    await agent.ready("redis");
    const second = await agent.pidOf("redis");
    assert.notEqual(second, first);
    assert.deepEqual([second, redis.ask("ping")], [redis.pid, "PONG"]);

    await agent.end("SIGKILL");
    assert.equal(redis.ask("ping"), "PONG");
    await agent.run();
    await agent.ready("redis");
    assert.equal(await agent.pidOf("redis"), second);

    kill(second);
    const reason = await until(async () => {
      const phase = (await agent.state()).services.redis?.processes.main?.phase;
      return phase?.name === "gave-up" && phase.reason;
    }, "it is seen that it is gone");
    assert.equal(reason, `pid file ${redis.file} names process ${second}, which is gone`);
    assert.equal((await agent.ostler("start", "redis")).code, 0);
    await agent.ready("redis");
    assert.equal(redis.ask("ping"), "PONG");

    assert.equal((await agent.ostler("isolate", "redis", "--reason", "odd data")).code, 0);
    assert.deepEqual([redis.pid, redis.ask("ping")], [0, ""]);
    assert.equal((await agent.ostler("release", "redis")).code, 0);
    await agent.ready("redis");
    assert.deepEqual(agent.servicePids(), [], "nothing of it is ours");
  },
);
