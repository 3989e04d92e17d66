import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { OstlerError, type Sample } from "@ostler/protocol";
import { selfSigned } from "../../testing/certificate.js";
import { closedPort, serveTcp } from "../../testing/servers.js";
import { tempDir } from "../../testing/temp-dir.js";
import type { LogQuery } from "../../core/log-query.js";
import { until } from "../../testing/until.js";
import { ask, bearer, configOf, problemIn, serve } from "../../testing/http-sink.js";

const signal = new AbortController().signal;
const admin = [{ id: "boss", secret: "admin", scopes: ["admin"] }];

test("metrics, version, state and configuration are there to be read", async () => {
  await using agent = await serve();
  const metrics = await ask(`${agent.url}/metrics`, { headers: { accept: "application/openmetrics-text" } });
  assert.deepEqual(
    [metrics.headers["content-type"], metrics.text],
    ["text/plain; version=0.0.4", "# application/openmetrics-text\n"],
  );
  assert.equal(((await ask(`${agent.url}/version`)).json() as { version: string }).version, "1.2.3");
  assert.deepEqual((await ask(`${agent.url}/v1/state`)).json(), JSON.parse(JSON.stringify(agent.bus.state)));
  assert.deepEqual((await ask(`${agent.url}/v1/config`)).json(), { secret: "[redacted]" });
});

test("HEAD gets what GET gets, without the body", async () => {
  await using agent = await serve();
  for (const path of ["/health", "/healthz", "/ready", "/metrics", "/version", "/v1/state", "/v1/config"]) {
    const [whole, head] = [await ask(agent.url + path), await ask(agent.url + path, { method: "HEAD" })];
    assert.equal(head.text, "");
    assert.equal(head.status, whole.status);
    assert.equal(head.headers["content-length"], String(Buffer.byteLength(whole.text)), path);
  }
});

test("what is not there is a problem answer, and a wrong method is told the right ones", async () => {
  await using agent = await serve();
  for (const path of ["/", "/nothing", "/health/", "//", "//elsewhere", "/v1/commands/a/b", "/%"])
    assert.equal(problemIn(await ask(path, { socketPath: agent.socket })), "404 not-found", path);
  const wrong = await ask(`${agent.url}/health`, { method: "POST" });
  assert.equal(problemIn(wrong), "405 wrong-method");
  assert.equal(wrong.headers.allow, "GET, HEAD");
  const commands = await ask(`${agent.url}/v1/commands`, { method: "DELETE" });
  assert.deepEqual([commands.status, commands.headers.allow], [405, "POST"]);
});

test("answers are for this moment: nobody may store them", async () => {
  await using agent = await serve();
  for (const path of ["/health", "/v1/state", "/v1/events", "/nothing"])
    assert.equal((await ask(agent.url + path)).headers["cache-control"], "no-store");
});

test("a fault in an answer is a problem answer, and the next one is fine", async () => {
  const metrics = (): Promise<never> => Promise.reject(new Error("registry on fire"));
  await using agent = await serve({}, { deps: { metrics } });
  assert.equal(problemIn(await ask(`${agent.url}/metrics`)), "500 internal");
  assert.equal((await ask(`${agent.url}/health`)).status, 200);
});

test("what the processes of a service use is there to be read, and of no service that is not there", async () => {
  const peaks = { run: 1, residentBytes: 2, threads: 3 };
  const main = {
    run: 1,
    at: "",
    startedAt: "",
    pids: [7],
    children: {},
    cpuSeconds: 1,
    residentBytes: 2,
    threads: 3,
    peaks,
  };
  const usage = (service: string) => {
    if (service !== "web") throw new OstlerError("not-found", `There is no ${service} here.`);
    return { main };
  };
  await using agent = await serve({}, { deps: { usage } });
  assert.deepEqual((await ask(`${agent.url}/v1/services/web/usage`)).json(), { main });
  assert.equal(problemIn(await ask(`${agent.url}/v1/services/nope/usage`)), "404 not-found");
});

test("logs are one line of JSON each, and a service that is not there is not found", async () => {
  const asked: LogQuery[] = [];
  const logs = (query: LogQuery) => {
    asked.push(query);
    const { service = "all", process = "main" } = query;
    if (service === "nope") throw new OstlerError("not-found", `There is no ${service} here.`);
    return (async function* () {
      yield { service, process, stream: "stdout", time: "2026-11-21T00:00:00.000Z", text: "one" };
      yield { note: "b cannot be read" };
    })();
  };
  await using agent = await serve({}, { deps: { logs } });
  const { headers, text } = await ask(
    `${agent.url}/v1/logs/web?n=7&process=api&grep=a%2Bb&ignore_case&level=WARN&ansi`,
  );
  assert.equal(headers["content-type"], "application/x-ndjson");
  assert.equal(
    text,
    '{"service":"web","process":"api","stream":"stdout","time":"2026-11-21T00:00:00.000Z","text":"one"}\n' +
      '{"note":"b cannot be read"}\n',
  );
  const since = "2026-11-21T10:00:00Z";
  await ask(`${agent.url}/v1/logs?n=all&since=${since}&until=${since}`);
  await ask(`${agent.url}/v1/logs/web?source=access&follow=false`);
  const none = { follow: false, ignoreCase: false, ansi: false };
  const sinceMs = Date.parse(since);
  assert.deepEqual(asked, [
    {
      service: "web",
      process: "api",
      grep: "a+b",
      last: 7,
      level: "warning",
      follow: false,
      ignoreCase: true,
      ansi: true,
    },
    { ...none, last: "all", sinceMs, untilMs: sinceMs },
    { ...none, service: "web", source: "access" },
  ]);
  assert.equal(problemIn(await ask(`${agent.url}/v1/logs/nope`)), "404 not-found");
  for (const wrong of ["n=x", "n=-1", "n=1.5", "since=soon", "until=", "level=loud"])
    assert.equal(problemIn(await ask(`${agent.url}/v1/logs/web?${wrong}`)), "400 bad-request", wrong);
});

test("every answer is measured by its route, and what nobody knows is one route", async () => {
  const samples: Sample[] = [];
  await using agent = await serve({}, { deps: { sample: (sample) => samples.push(sample) } });
  for (const path of ["/health", "/v1/commands/a", "/v1/commands/b", "/scan1", "/scan2"]) await ask(agent.url + path);
  await until(() => samples.length === 5);
  const seen = samples.map((sample) =>
    sample.type === "http.answered" ? `${sample.method} ${sample.route} ${sample.status}` : "",
  );
  assert.deepEqual(seen, [
    "GET /health 200",
    "GET /v1/commands/:id 404",
    "GET /v1/commands/:id 404",
    "other other 404",
    "other other 404",
  ]);
});

test("a look inside the agent is possible only where it was switched on, and for admin", async () => {
  await using off = await serve({ tokens: admin });
  assert.equal(problemIn(await ask(`${off.url}/debug/report`, bearer("admin"))), "404 not-found");
  await using on = await serve({ debug: true, tokens: [...admin, { id: "w", secret: "write", scopes: ["write"] }] });
  assert.equal(problemIn(await ask(`${on.url}/debug/report`, bearer("write"))), "403 not-permitted");
  assert.ok((await ask(`${on.url}/debug/report`, bearer("admin"))).json());
  const profile = await ask(`${on.url}/debug/profile?seconds=0.01`, bearer("admin"));
  assert.ok((profile.json() as { nodes: unknown[] }).nodes.length > 0);
  for (const seconds of ["0", "-1", "x", "301"])
    assert.equal(
      problemIn(await ask(`${on.url}/debug/profile?seconds=${seconds}`, bearer("admin"))),
      "400 bad-request",
    );
  const heap = await ask(`${on.url}/debug/heap`, { method: "HEAD", ...bearer("admin") });
  assert.match(String(heap.headers["content-disposition"]), /heapsnapshot/);
});

test("a controller may connect at the stream, by whoever may read, and nowhere else", async () => {
  await using agent = await serve({ tokens: admin, probes: "127.0.0.1:0" });
  const upgrade = (url: string, path: string, authorization = ""): Promise<string> =>
    new Promise((resolve) => {
      const socket = connect(Number(new URL(url).port), "127.0.0.1");
      socket.write(
        `GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\nauthorization: ${authorization}\r\n\r\n`,
      );
      socket.once("data", (chunk: Buffer) => resolve(chunk.toString().split("\r\n")[0] ?? ""));
      socket.on("close", () => resolve("closed"));
    });
  assert.equal(await upgrade(agent.url, "/v1/stream", "Bearer admin"), "HTTP/1.1 101 Switching Protocols");
  assert.equal(await upgrade(agent.url, "/v1/stream?x=1", "Bearer admin"), "HTTP/1.1 101 Switching Protocols");
  assert.equal(await upgrade(agent.url, "/v1/stream"), "HTTP/1.1 401 Unauthorized");
  assert.equal(await upgrade(agent.url, "/v1/stream", "Bearer wrong"), "HTTP/1.1 401 Unauthorized");
  assert.equal(await upgrade(agent.url, "/elsewhere", "Bearer admin"), "HTTP/1.1 404 Not Found");
  assert.equal(await upgrade(agent.http.urls.probes ?? "", "/v1/stream"), "HTTP/1.1 404 Not Found");
});

test("a port that is in use does not keep the agent from starting; it is opened when it is free", async () => {
  const squatter = await serveTcp(() => {});
  await using agent = await serve({ listen: `127.0.0.1:${squatter.port}` });
  assert.deepEqual(agent.http.urls, {});
  assert.equal(agent.trouble.length, 1);
  assert.match(
    agent.trouble[0] ?? "",
    /^http main: Cannot listen on 127\.0\.0\.1:\d+: another program listens there .*Change http\.listen/,
  );
  assert.equal((await ask("/health", { socketPath: agent.socket })).status, 200);
  await squatter[Symbol.asyncDispose]();
  await until(() => agent.trouble.includes("http main recovered"), "it is opened");
  assert.equal((await ask(`${agent.url}/health`)).status, 200);
});

test("a reload binds the new port before the old one is let go", async () => {
  await using agent = await serve();
  const old = agent.url;
  const { commit } = await agent.http.prepare(configOf({ listen: `127.0.0.1:${await closedPort()}`, debug: true }));
  assert.equal((await ask(`${old}/health`)).status, 200);
  await commit(signal);
  assert.notEqual(agent.url, old);
  assert.equal((await ask(`${agent.url}/health`)).status, 200);
  await assert.rejects(ask(`${old}/health`), /ECONNREFUSED/);
});

test("a reload to a port that is in use is refused, and nothing has changed", async () => {
  await using squatter = await serveTcp(() => {});
  await using agent = await serve();
  const { url } = agent;
  await assert.rejects(agent.http.prepare(configOf({ listen: `127.0.0.1:${squatter.port}` })), {
    code: "failed",
    message: /another program listens there/,
  });
  assert.equal((await ask(`${url}/health`)).status, 200);
  const { discard } = await agent.http.prepare(configOf({ listen: `127.0.0.1:${await closedPort()}` }));
  await discard();
  assert.equal(agent.url, url);
});

test("new tokens hold at once, on the same port and for connections that stay", async () => {
  await using agent = await serve({ tokens: admin });
  const { url } = agent;
  const { commit } = await agent.http.prepare(configOf({ tokens: [{ id: "new", secret: "new" }] }));
  assert.equal((await ask(`${url}/health`, bearer("admin"))).status, 200);
  await commit(signal);
  assert.equal(agent.url, url);
  assert.equal((await ask(`${url}/health`, bearer("admin"))).status, 401);
  assert.equal((await ask(`${url}/health`, bearer("new"))).status, 200);
});

test("listening can be switched off; the control socket stays", async () => {
  await using agent = await serve();
  const { url } = agent;
  await (await agent.http.prepare(configOf({ listen: "off" }))).commit(signal);
  assert.deepEqual(agent.http.urls, {});
  await assert.rejects(ask(`${url}/health`), /ECONNREFUSED/);
  assert.equal((await ask("/health", { socketPath: agent.socket })).status, 200);
});

test("TLS cannot be switched on or off under the feet of those connected", async () => {
  await using agent = await serve({ tokens: admin });
  using dir = tempDir();
  const { cert, key } = selfSigned("agent");
  const tls = { cert: dir.write("c.pem", cert), key: dir.write("k.pem", key) };
  await assert.rejects(agent.http.prepare(configOf({ tokens: admin, tls })), { code: "needs-restart" });
});

test("a reload brings a new certificate, and one that cannot be read changes nothing", async () => {
  using dir = tempDir();
  const files = (name: string): { cert: string; key: string } => {
    const { cert, key } = selfSigned(name);
    return { cert: dir.write(`${name}.pem`, cert), key: dir.write(`${name}.key`, key) };
  };
  const settings = { listen: `127.0.0.1:${await closedPort()}`, tokens: admin };
  const first = files("first");
  await using agent = await serve({ ...settings, tls: first });
  assert.equal(await nameOf(agent.url), "first");
  await assert.rejects(agent.http.prepare(configOf({ ...settings, tls: { ...first, cert: dir.at("none") } })));
  assert.equal(await nameOf(agent.url), "first");
  await (await agent.http.prepare(configOf({ ...settings, tls: files("second") }))).commit(signal);
  assert.equal(await nameOf(agent.url), "second");
});

/** The common name in the certificate that a server shows. */
async function nameOf(url: string): Promise<string> {
  const { connect: connectTls } = await import("node:tls");
  const socket = connectTls({ port: Number(new URL(url).port), host: "127.0.0.1", rejectUnauthorized: false });
  await new Promise((resolve, reject) => socket.once("secureConnect", resolve).once("error", reject));
  const { subject } = socket.getPeerCertificate();
  socket.destroy();
  return String(subject.CN);
}
