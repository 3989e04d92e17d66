import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { test } from "node:test";
import { checkConfig, type CheckConfig } from "../../../config/checks/check.js";
import type { ExecCheck } from "../../../config/checks/exec.js";
import type { HttpCheck } from "../../../config/checks/http.js";
import type { TcpCheck } from "../../../config/checks/tcp.js";
import { allProcesses, startEnvOf } from "../../../platform/proc.js";
import { closedPort, serveHttp, serveTcp } from "../../../testing/servers.js";
import { tempDir } from "../../../testing/temp-dir.js";
import { until } from "../../../testing/until.js";
import { execProbe } from "./exec.js";
import { httpProbe } from "./http.js";
import { listensProbe } from "./listens.js";
import { tcpProbe } from "./tcp.js";
import type { Probe } from "../verdict.js";

/** Plenty for what answers; nothing in these tests waits for it to pass. */
const plentyMs = 10_000;

const configured = <C extends CheckConfig>(settings: object): C => checkConfig.parse({ name: "up", ...settings }) as C;
const http = (url: string, more: object = {}): Probe =>
  httpProbe(configured<HttpCheck>({ kind: "http", url, ...more }));
const tcp = (address: string): Probe => tcpProbe(configured<TcpCheck>({ kind: "tcp", address }));
const exec = (command: string[], env: Record<string, string> = {}): Probe =>
  execProbe(configured<ExecCheck>({ kind: "exec", command, env }));

/** What a probe finds: `ok`, or the reason why not. */
async function ask(probe: Probe, timeoutMs = plentyMs): Promise<string> {
  const verdict = await probe(AbortSignal.timeout(timeoutMs));
  return verdict.ok ? "ok" : verdict.reason;
}

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

test("exec: code 0 passes, whatever was said", async () => {
  assert.equal(await ask(exec(["sh", "-c", "echo out; echo err >&2"])), "ok");
});

test("exec: another code fails, with what the command said last", async () => {
  assert.equal(
    await ask(exec(["sh", "-c", "echo first; echo second >&2; exit 3"])),
    "sh exited with code 3: first\nsecond",
  );
  const long = await ask(exec(["sh", "-c", "head -c 100000 /dev/zero | tr '\\0' x; echo the end; exit 1"]));
  assert.match(long, /^sh exited with code 1: x+the end$/);
  assert.ok(long.length < 600);
  assert.equal(await ask(exec(["false"])), "false exited with code 1");
});

test("exec: a command that is killed says by what", async () => {
  assert.equal(await ask(exec(["sh", "-c", "kill -SEGV $$"])), "sh was ended by SIGSEGV");
});

test("exec: a program that is missing or cannot run fails with a reason", async () => {
  using dir = tempDir();
  assert.match(await ask(exec(["no-such-program-here"])), /^no-such-program-here could not be started: .*ENOENT/);
  assert.match(await ask(exec([dir.write("plain", "text")])), /could not be started: .*EACCES/);
});

test("exec: no shell interprets the arguments", async () => {
  assert.equal(await ask(exec(["test", "$HOME; exit 1", "=", "$HOME; exit 1"])), "ok");
});

test("exec: gets the configured environment, and none of the agent's secrets", async () => {
  process.env.AGENT_SECRET = "s3cret";
  const answer = await ask(exec(["sh", "-c", 'echo "$MINE|$AGENT_SECRET|${PATH:+path}"; exit 1'], { MINE: "m" }));
  delete process.env.AGENT_SECRET;
  assert.match(answer, /: m\|\|path$/);
});

/** Living processes that were started with this mark in their environment. */
const marked = (mark: string): number[] =>
  allProcesses()
    .filter(({ pid, ended }) => !ended && startEnvOf(pid, "TEST_MARK") === mark)
    .map(({ pid }) => pid);

test("exec: of a command that hangs nothing is left when its time is over, its children included", async () => {
  const mark = randomUUID();
  const script = "trap '' TERM HUP INT; sleep 1000 & sleep 1000 & wait";
  const asked = ask(exec(["sh", "-c", script], { TEST_MARK: mark }), 300);
  await until(() => marked(mark).length === 3, "the command and its children run");
  assert.equal(await asked, "sh did not end in time");
  await until(() => marked(mark).length === 0, "nothing is left");
});

test("exec: of a command that ended its children end too, and hold up nothing", async () => {
  const mark = randomUUID();
  assert.equal(await ask(exec(["sh", "-c", "sleep 1000 & exit 0"], { TEST_MARK: mark })), "ok");
  await until(() => marked(mark).length === 0, "nothing is left");
});

test("exec: a check that is withdrawn before it began runs nothing", async () => {
  const mark = randomUUID();
  const verdict = await exec(["sleep", "1000"], { TEST_MARK: mark })(AbortSignal.abort());
  assert.equal(verdict.ok, false);
  await until(() => marked(mark).length === 0, "nothing is left");
});

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
