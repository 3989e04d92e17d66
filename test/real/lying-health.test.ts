import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { fixture, TestAgent } from "../helpers/agent.js";
import { freePort } from "../helpers/free-port.js";
import { until } from "../helpers/until.js";
import { needs, pathOf } from "./tools.js";

test(
  "a service whose health page says that all is well is not believed when the Redis that it needs is gone",
  needs("redis-server"),
  async () => {
    await using agent = TestAgent.prepare("services: {}");
    const [port, redisPort] = [await freePort(), await freePort()];
    const args = ["--port", String(redisPort), "--bind", "127.0.0.1", "--save", "", "--dir", agent.directory];
    const redis = spawn(pathOf("redis-server") ?? "", args, { stdio: "ignore" });
    try {
      agent.configure(`
services:
  vcon:
    command: [${process.execPath}, ${fixture("http.mjs")}, DIR/port, "${port}"]
    listens: [tcp:${port}]
    checks:
      - {name: page, kind: http, url: "http://127.0.0.1:${port}/health", every: 100ms}
      - {name: redis, kind: redis, address: "127.0.0.1:${redisPort}", every: 100ms, failures: 2}
`);
      await agent.run();
      await agent.ready("vcon");
      redis.kill("SIGKILL");
      await until(async () => !(await agent.isReady("vcon")), "it is not ready any more");
      const { checks } = (await agent.state()).services.vcon ?? assert.fail();
      assert.equal(checks.page?.status, "passed", "the page still says that all is well");
      const health = await agent.ostler("health");
      assert.equal(health.code, 7);
      assert.match(health.stdout, /unhealthy +service vcon +check redis failed: 127\.0\.0\.1:\d+: .*ECONNREFUSED/);
      assert.match((await agent.ostler("why", "vcon")).stdout, /readiness check fails since .*ECONNREFUSED/);
    } finally {
      if (redis.exitCode === null && redis.signalCode === null) {
        redis.kill("SIGKILL");
        await once(redis, "exit");
      }
    }
  },
);
