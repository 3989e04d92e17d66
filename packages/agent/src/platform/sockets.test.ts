import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { test } from "node:test";
import { serveTcp } from "../testing/servers.js";
import { tempDir } from "../testing/temp-dir.js";
import { holders, listeningInodes } from "./sockets.js";

const isOurs = (inodes: Set<string>): boolean => holders([process.pid], inodes).held;

test("a listening port is found, with who holds it", async () => {
  await using server = await serveTcp(() => {});
  const inodes = listeningInodes(process.pid, { protocol: "tcp", port: server.port });
  assert.equal(inodes.size, 1);
  assert.ok(isOurs(inodes));
  assert.deepEqual(holders([process.ppid], inodes), { held: false, unreadable: false });
});

test("a port is found on IPv6 as well", async () => {
  await using server = createServer().listen(0, "::1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  assert.ok(isOurs(listeningInodes(process.pid, { protocol: "tcp", port })));
});

test("a port to which we are only connected does not listen", async () => {
  await using server = await serveTcp(() => {});
  const { createConnection } = await import("node:net");
  const client = createConnection(server.port, "127.0.0.1");
  await once(client, "connect");
  const { port } = client.address() as AddressInfo;
  assert.equal(listeningInodes(process.pid, { protocol: "tcp", port }).size, 0);
  client.destroy();
});

test("a UDP port is not a TCP port", async () => {
  await using udp = createSocket("udp4").bind(0, "127.0.0.1");
  await once(udp, "listening");
  const { port } = udp.address();
  assert.ok(isOurs(listeningInodes(process.pid, { protocol: "udp", port })));
  assert.equal(listeningInodes(process.pid, { protocol: "tcp", port }).size, 0);
});

test("a unix socket is found by its whole path, spaces included", async () => {
  using dir = tempDir();
  await using server = createServer().listen(dir.at("my app.sock"));
  await once(server, "listening");
  assert.ok(isOurs(listeningInodes(process.pid, { protocol: "unix", path: dir.at("my app.sock") })));
  for (const other of ["my", "app.sock", "my app"])
    assert.equal(listeningInodes(process.pid, { protocol: "unix", path: dir.at(other) }).size, 0);
});

test("a process that cannot be looked into is told, not taken for one without sockets", () => {
  const nobody = 2 ** 22 + 1;
  assert.deepEqual(holders([nobody], new Set(["1"])), { held: false, unreadable: true });
});
