import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";
import { test } from "node:test";
import { ask } from "../../../testing/probes.js";
import { closedPort, serveTcp } from "../../../testing/servers.js";
import { tempDir } from "../../../testing/temp-dir.js";
import { listensProbe } from "./listens.js";

test("listens: passes when every declared socket belongs to the process", async () => {
  using dir = tempDir();
  await using tcpServer = await serveTcp(() => {});
  await using udp = createSocket("udp4").bind(0, "127.0.0.1");
  await once(udp, "listening");
  const path = dir.at("my app.sock");
  const sockets = [
    { protocol: "tcp", port: tcpServer.port },
    { protocol: "udp", port: udp.address().port },
    { protocol: "unix", path },
  ] as const;
  const probe = listensProbe([...sockets], () => [process.pid]);
  assert.equal(await ask(probe), `nothing listens on ${path}`);
  await using unix = createServer().listen(path);
  await once(unix, "listening");
  assert.equal(await ask(probe), "ok");
});

test("listens: a port that another process opened is told as that", async () => {
  await using server = await serveTcp(() => {});
  const parent = process.ppid;
  const sockets = [{ protocol: "tcp", port: server.port } as const];
  assert.match(
    await ask(listensProbe(sockets, () => [parent])),
    new RegExp(`^another process listens on tcp port ${server.port}`),
  );
});

test("listens: a port that nobody opened, and a process that does not run, are told as that", async () => {
  const port = await closedPort();
  assert.equal(
    await ask(listensProbe([{ protocol: "tcp", port }], () => [process.pid])),
    `nothing listens on tcp port ${port}`,
  );
  assert.equal(await ask(listensProbe([{ protocol: "tcp", port }], () => [])), "the process does not run");
});
