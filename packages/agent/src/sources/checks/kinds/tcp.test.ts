import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "node:test";
import type { TcpCheck } from "../../../config/checks/tcp.js";
import { ask, checkOf, reasonOf } from "../../../testing/probes.js";
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

test("tcp: what is sent reaches the server, and what is expected of its answer is awaited piece by piece", async () => {
  await using server = await serveTcp((socket) =>
    socket.once("data", (chunk: Buffer) => {
      socket.write("+PO", () => setImmediate(() => socket.write(`NG for ${chunk.toString().trim()}\r\n`)));
    }),
  );
  const address = `127.0.0.1:${server.port}`;
  assert.equal(await ask(tcp(address, { send: "PING\r\n", expect: "^\\+PONG for PING\r?$" })), "ok");
});

test("tcp: what is only sent passes when it is under way", async () => {
  let got = "";
  await using server = await serveTcp((socket) => socket.on("data", (chunk: Buffer) => (got += chunk.toString())));
  assert.equal(await ask(tcp(`127.0.0.1:${server.port}`, { send: "hello" })), "ok");
  await until(() => got === "hello", "it arrives");
});

test("tcp: a greeting can be expected without anything being sent", async () => {
  await using server = await serveTcp((socket) => socket.write("220 mail ESMTP\r\n"));
  assert.equal(await ask(tcp(`127.0.0.1:${server.port}`, { expect: "^220 " })), "ok");
});

test("tcp: an answer that is not the expected one, none, and one without end fail with what came", async () => {
  await using other = await serveTcp((socket) => socket.end("-ERR no\r\n"));
  const address = ({ port }: { port: number }): string => `127.0.0.1:${port}`;
  assert.equal(
    await ask(tcp(address(other), { expect: "PONG" })),
    `${address(other)} hung up after it had said "-ERR no\\r\\n"; expected was /PONG/`,
  );
  await using silent = await serveTcp((socket) => socket.end());
  assert.match(await ask(tcp(address(silent), { expect: "PONG" })), /after it had said nothing; expected was \/PONG\//);
  await using endless = await serveTcp((socket) => socket.write("x".repeat(10_000)));
  assert.match(await ask(tcp(address(endless), { expect: "PONG" })), /does not match \/PONG\/ in its first 4096 bytes/);
});

test("tcp: a server that says something else and waits fails with it when the time is over", async () => {
  let [opened, closed] = [0, 0];
  await using server = await serveTcp((socket) => {
    socket.on("close", () => closed++);
    socket.write("loading", () => opened++);
  });
  const stop = new AbortController();
  const asked = tcp(`127.0.0.1:${server.port}`, { expect: "PONG" })(stop.signal);
  await until(() => opened === 1, "it is answered");
  stop.abort();
  assert.match(reasonOf(await asked), /^127\.0\.0\.1:\d+(: | said "loading", then: ).*abort/);
  await until(() => closed === 1, "nothing is left");
});
