import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { TestAgent } from "../helpers/agent.js";
import { freePort } from "../helpers/free-port.js";
import { until } from "../helpers/until.js";
import { needs, pathOf } from "./tools.js";

const keys = 5000;

/** As the manual has it: a snapshot, waited for, and a check that loads it into a Redis of its own. */
const servicesOf = (port: number): string => `agent: {data_dir: ./data, backups: {min_free: 1MiB}}
http: {listen: "127.0.0.1:0"}
services:
  redis:
    command: [${pathOf("redis-server")}, DIR/redis.conf]
    listens: [tcp:${port}]
    stop: {timeout: 20s}
    backups:
      - name: data
        paths: [state]
        required: [state/dump.rdb]
        before:
          command:
            - sh
            - -ec
            - |
              redis-cli -e -p ${port} BGSAVE
              until redis-cli -p ${port} INFO persistence | grep -q rdb_bgsave_in_progress:0; do sleep 0.1; done
              redis-cli -p ${port} INFO persistence | grep -q rdb_last_bgsave_status:ok
        drill:
          check:
            command:
              - sh
              - -ec
              - |
                redis-server --port 0 --unixsocket "$OSTLER_DRILL_DIR/socket" --dir "$OSTLER_DRILL_DIR$PLACE/state" --save "" &
                trap 'kill $!' EXIT
                until redis-cli -s "$OSTLER_DRILL_DIR/socket" PING | grep -q PONG; do sleep 0.1; done
                test "$(redis-cli -s "$OSTLER_DRILL_DIR/socket" DBSIZE)" = ${keys}
            env: {PLACE: DIR}
`;

/** One that keeps an append-only file, and reads nothing but that when it starts: both are taken, while it is stopped. */
const servicesWithAof = (port: number): string => `agent: {data_dir: ./data, backups: {min_free: 1MiB}}
http: {listen: "127.0.0.1:0"}
services:
  redis:
    command: [${pathOf("redis-server")}, DIR/redis.conf, --appendonly, "yes"]
    listens: [tcp:${port}]
    stop: {timeout: 20s}
    backups:
      - {name: data, paths: [state], required: [state/appendonlydir], mode: cold}
`;

for (const { is, servicesOf: services, remains } of [
  { is: "a Redis with a snapshot", servicesOf, remains: ["dump.rdb"] },
  { is: "a Redis with an append-only file", servicesOf: servicesWithAof, remains: ["appendonlydir"] },
])
  test(
    `every key of ${is} comes back after all of its data was deleted`,
    needs("redis-server", "redis-cli"),
    async () => {
      await using agent = TestAgent.prepare("services: {}");
      const port = await freePort();
      const state = join(agent.directory, "state");
      mkdirSync(state);
      writeFileSync(
        join(agent.directory, "redis.conf"),
        `bind 127.0.0.1\nport ${port}\ndir ${state}\nsave ""\ndaemonize no\n`,
      );
      agent.configure(services(port));
      await agent.run();
      await agent.ready("redis");
      const redis = (...args: string[]): string =>
        execFileSync(pathOf("redis-cli") ?? "", ["-p", String(port), ...args], { encoding: "utf8" }).trim();
      redis("EVAL", `for i = 1, ${keys} do redis.call("SET", "key:" .. i, string.rep(i, 20)) end`, "0");
      const created = await agent.ostler("backup", "create", "data");
      assert.equal(created.code, 0, created.stderr);
      const drilled = await agent.ostler("backup", "drill", "data");
      assert.equal(drilled.code, 0, drilled.stderr);
      await agent.ready("redis");
      await until(() => redis("PING") === "PONG", "it answers");
      redis("FLUSHALL");
      for (const name of remains) rmSync(join(state, name), { recursive: true, force: true });
      assert.deepEqual(readdirSync(state), []);
      const restored = await agent.ostler("backup", "restore", "data", "--stop", "--yes");
      assert.equal(restored.code, 0, restored.stderr);
      await agent.ready("redis");
      await until(() => redis("PING") === "PONG", "it answers");
      assert.equal(redis("DBSIZE"), String(keys));
      assert.equal(redis("GET", `key:${keys}`), String(keys).repeat(20));
    },
  );
