import assert from "node:assert/strict";
import { test } from "node:test";
import type { RedisCheck } from "../../../config/checks/redis.js";
import { checkConfig } from "../../../config/checks/check.js";
import type { Reply } from "../../../platform/resp.js";
import { closedPort, serveTcp } from "../../../testing/servers.js";
import { judgeReply, redisProbe } from "./redis.js";

function check(more: object, port = 1): RedisCheck {
  return checkConfig.parse({ name: "c", kind: "redis", address: `127.0.0.1:${port}`, ...more }) as RedisCheck;
}

const info = "# Replication\r\nrole:slave\r\nmaster_link_status:up\r\nlag:7\r\n";

const replies: [wanted: object, reply: Reply, failure: RegExp | undefined][] = [
  [{}, "PONG", undefined],
  [{ command: ["GET", "a"] }, null, /^127\.0\.0\.1:1: GET a: there is no such key$/],
  [{ command: ["GET", "a"], equals: "x" }, "x", undefined],
  [{ command: ["GET", "a"], equals: "x" }, "y", /GET a is y, not x$/],
  [{ command: ["LLEN", "q"], at_most: 10 }, 10, undefined],
  [{ command: ["LLEN", "q"], at_most: 10 }, 11, /LLEN q is 11, more than 10$/],
  [{ command: ["LLEN", "q"], at_least: 1 }, 0, /LLEN q is 0, less than 1$/],
  [{ command: ["GET", "a"], at_least: 1 }, "", /which is no number$/],
  [{ command: ["GET", "a"], matches: "^ok" }, "oks", undefined],
  [{ command: ["GET", "a"], matches: "^ok" }, "no", /GET a: "no" does not match \/\^ok\/$/],
  [
    { command: ["GET", "a"], matches: "^(a+)+$" },
    `${"a".repeat(64)}!`,
    /GET a: "a+!" does not match \/\^\(a\+\)\+\$\/$/,
  ],
  [{ command: ["INFO", "replication"], field: "master_link_status", equals: "up" }, info, undefined],
  [{ command: ["INFO"], field: "lag", at_most: 5 }, info, /INFO lag is 7, more than 5$/],
  [{ command: ["INFO"], field: "nothing" }, info, /INFO has no field nothing$/],
];

for (const [wanted, reply, failure] of replies)
  test(`${JSON.stringify(wanted)} of ${JSON.stringify(reply)}: ${String(failure ?? "passes")}`, () => {
    const verdict = judgeReply(reply, check(wanted));
    if (failure === undefined) assert.deepEqual(verdict, { ok: true });
    else assert.match(verdict.ok ? "" : verdict.reason, failure);
  });

test("a server that is not there, speaks otherwise or hangs up is a failed check with its address", async () => {
  const signal = new AbortController().signal;
  const reason = async (port: number): Promise<string> => {
    const verdict = await redisProbe(check({}, port))(signal);
    return verdict.ok ? "" : verdict.reason;
  };
  assert.match(await reason(await closedPort()), /^127\.0\.0\.1:\d+: .*ECONNREFUSED/);
  await using other = await serveTcp((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
  assert.match(await reason(other.port), /does not speak the protocol of Redis/);
  await using rude = await serveTcp((socket) => socket.end());
  assert.match(await reason(rude.port), /closed the connection/);
});

test("a probe of a server that says nothing ends with its time", async () => {
  let accepted = (): void => {};
  const connected = new Promise<void>((resolve) => (accepted = resolve));
  await using silent = await serveTcp(() => accepted());
  const stop = new AbortController();
  const asked = redisProbe(check({}, silent.port))(stop.signal);
  await connected;
  stop.abort();
  assert.deepEqual((await asked).ok, false);
});
