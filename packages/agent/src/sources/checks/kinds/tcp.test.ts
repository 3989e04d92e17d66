import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "node:test";
import type { TcpCheck } from "../../../config/checks/tcp.js";
import { ask, checkOf } from "../../../testing/probes.js";
import { closedPort, serveTcp } from "../../../testing/servers.js";
import { until } from "../../../testing/until.js";
import type { Probe } from "../verdict.js";
import { tcpProbe } from "./tcp.js";

const tcp = (address: string, more: object = {}): Probe =>
  tcpProbe(checkOf<TcpCheck>({ kind: "tcp", address, ...more }));

test("tcp: passes when a connection is accepted, and leaves it", async () => {
  let closed = 0;
  await using server = await serveTcp((socket) => socket.resume().on("close", () => closed++));
  assert.equal(await ask(tcp(`127.0.0.1:${server.port}`)), "ok");
  await until(() => closed === 1, "the connection is closed");
});

test("tcp: a closed port and an unknown host fail with a reason", async () => {
  const port = await closedPort();
  assert.match(await ask(tcp(`127.0.0.1:${port}`)), new RegExp(`^127\\.0\\.0\\.1:${port}: .*ECONNREFUSED`));
  assert.match(await ask(tcp("nowhere.invalid:80")), /^nowhere\.invalid:80: /);
});

test("tcp: a server that is stuck, its queue full, fails when the time is over", async () => {
  const script = `require("node:net").createServer().listen({ port: 0, host: "127.0.0.1", backlog: 1 }, function () {
    console.log(this.address().port);
  })`;
  const stuck = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = (await once(stuck.stdout, "data")) as [Buffer];
  const port = Number(line.toString());
  stuck.kill("SIGSTOP");
  const queue = Array.from({ length: 5 }, () => connect(port, "127.0.0.1").on("error", () => {}));
  await once(queue[0] ?? assert.fail(), "connect");
  const answer = await ask(tcp(`127.0.0.1:${port}`), 100);
  for (const socket of queue) socket.destroy();
  stuck.kill("SIGKILL");
  await once(stuck, "exit");
  assert.match(answer, /abort/);
});
