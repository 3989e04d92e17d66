import assert from "node:assert/strict";
import { test } from "node:test";
import type { HttpCheck } from "../../../config/checks/http.js";
import { ask, checkOf } from "../../../testing/probes.js";
import { closedPort, serveHttp, serveTcp } from "../../../testing/servers.js";
import { until } from "../../../testing/until.js";
import type { Probe } from "../verdict.js";
import { httpProbe } from "./http.js";

const http = (url: string, more: object = {}): Probe => httpProbe(checkOf<HttpCheck>({ kind: "http", url, ...more }));

test("http: any 2xx passes", async () => {
  for (const status of [200, 204, 299]) {
    await using server = await serveHttp((_, response) => response.writeHead(status).end());
    assert.equal(await ask(http(server.url)), "ok");
  }
});

test("http: an answer of another kind fails and is told, redirects included", async () => {
  for (const status of [301, 302, 404, 500, 503]) {
    let asked = 0;
    await using server = await serveHttp((_, response) => {
      asked++;
      response.writeHead(status, { location: "/elsewhere" }).end();
    });
    assert.equal(await ask(http(`${server.url}/health`)), `${server.url}/health answered ${status}`);
    assert.equal(asked, 1);
  }
});

test("http: the accepted statuses can be named, and then no other passes", async () => {
  await using server = await serveHttp((request, response) => response.writeHead(Number(request.url?.slice(1))).end());
  assert.equal(await ask(http(`${server.url}/401`, { status: [401, 403] })), "ok");
  assert.match(await ask(http(`${server.url}/200`, { status: [401, 403] })), /answered 200$/);
});

test("http: sends its headers, on a connection of its own each time", async () => {
  const connections = new Set<unknown>();
  let authorization: string | undefined;
  await using server = await serveHttp((request, response) => {
    connections.add(request.socket);
    ({ authorization } = request.headers);
    response.end("fine");
  });
  const probe = http(server.url, { headers: { Authorization: "Bearer x" } });
  assert.deepEqual([await ask(probe), await ask(probe)], ["ok", "ok"]);
  assert.equal(authorization, "Bearer x");
  assert.equal(connections.size, 2);
});

test("http: a server that accepts and never answers fails when the time is over", async () => {
  let gone = 0;
  await using server = await serveHttp((request) => request.socket.on("close", () => gone++));
  assert.match(await ask(http(server.url), 50), /^http:.*abort/);
  await until(() => gone === 1, "the connection is closed");
});

test("http: an endless body is not waited for", async () => {
  await using server = await serveHttp((_, response) => {
    response.writeHead(200);
    response.write("x".repeat(1000));
  });
  assert.equal(await ask(http(server.url)), "ok");
});

test("http: a closed port, a server that hangs up and one that speaks no HTTP fail with a reason", async () => {
  const port = await closedPort();
  assert.match(await ask(http(`http://127.0.0.1:${port}/`)), /ECONNREFUSED/);
  await using rude = await serveTcp((socket) => socket.destroy());
  assert.match(await ask(http(rude.url)), /socket hang up|ECONNRESET/);
  await using foreign = await serveTcp((socket) => socket.end("SSH-2.0-x\r\n"));
  assert.match(await ask(http(foreign.url)), /Parse Error/);
});
