import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import type { HttpCheck } from "../../../config/checks/http.js";
import { selfSigned } from "../../../testing/certificate.js";
import { ask, checkOf } from "../../../testing/probes.js";
import { closedPort, serveHttp, serveHttps, serveTcp } from "../../../testing/servers.js";
import { tempDir } from "../../../testing/temp-dir.js";
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

test("http: method, headers and body are sent as configured", async () => {
  let seen = "";
  await using server = await serveHttp((request, response) => {
    request.on(
      "data",
      (chunk: Buffer) => (seen = `${request.method} ${request.headers["content-type"]} ${String(chunk)}`),
    );
    request.on("end", () => response.end());
  });
  const more = { method: "POST", headers: { "Content-Type": "application/json" }, body: '{"a":1}' };
  assert.equal(await ask(http(server.url, more)), "ok");
  assert.equal(seen, 'POST application/json {"a":1}');
  assert.match(await ask(http(server.url, { ...more, status: [201] })), /^POST http:.* answered 200$/);
});

test("http: templates in the body are filled in anew each time, and an unknown one is refused", async () => {
  const bodies: string[] = [];
  await using server = await serveHttp((request, response) => {
    void text(request).then((body) => {
      bodies.push(body);
      response.end();
    });
  });
  const body = "{{uuid}} {{now:unix}} {{env:SHOP_TOKEN}}";
  const check = checkOf<HttpCheck>({ kind: "http", url: server.url, method: "POST", body });
  const probe = httpProbe(check, { SHOP_TOKEN: "hush" });
  for (let time = 0; time < 2; time++) assert.equal(await ask(probe), "ok");
  for (const sent of bodies) assert.match(sent, /^[0-9a-f-]{36} \d{10} hush$/);
  assert.notEqual(bodies[0], bodies[1]);
  assert.throws(() => http(server.url, { body: "{{what}}" }), /\{\{what\}\} is not known here/);
});

test("http: a body matches, line by line, or the reason shows how it begins", async () => {
  await using server = await serveHttp((_, response) => response.end("first\nOK\nlast\n"));
  assert.equal(await ask(http(server.url, { match: "^OK$" })), "ok");
  assert.equal(
    await ask(http(server.url, { match: "^READY$" })),
    `${server.url} answered 200, but "first\\nOK\\nlast\\n" does not match /^READY$/`,
  );
});

test("http: a wrong status of an answer that is read is told with its beginning", async () => {
  await using server = await serveHttp((_, response) => response.writeHead(503).end('{"running":false}'));
  assert.equal(await ask(http(server.url, { match: "x" })), `${server.url} answered 503: "{\\"running\\":false}"`);
});

test("http: a body is read to its limit and no further, and that is told where it matters", async () => {
  await using server = await serveHttp((_, response) => void response.write(`begin ${"x".repeat(5000)} end`));
  assert.equal(await ask(http(server.url, { match: "begin", max_body: "1KiB" })), "ok");
  assert.match(await ask(http(server.url, { match: "end", max_body: "1KiB" })), /only the first 1024 bytes were read/);
  assert.match(await ask(http(server.url, { json: [{ path: "$" }], max_body: "1KiB" })), /no JSON.*first 1024 bytes/);
});

test("http: a pattern that would take for ever elsewhere is answered", async () => {
  await using server = await serveHttp((_, response) => response.end(`${"a".repeat(5000)}!`));
  assert.match(await ask(http(server.url, { match: "(a+)+$" })), /does not match \/\(a\+\)\+\$\//);
  assert.equal(await ask(http(server.url, { match: "(a+)+!$" })), "ok");
});

test("http: in a pattern case counts, and its ends are those of a line", async () => {
  await using server = await serveHttp((_, response) => response.end("Up\nand running\n"));
  assert.equal(await ask(http(server.url, { match: "^Up$" })), "ok");
  assert.match(await ask(http(server.url, { match: "^up$" })), /does not match/);
});

test("http: every assertion about the JSON of a body must hold", async () => {
  await using server = await serveHttp((_, response) => response.end('{"running":true,"peers":0}'));
  const json = [
    { path: "$.running", equals: true },
    { path: "$.peers", at_least: 1 },
  ];
  assert.equal(await ask(http(server.url, { json: json.slice(0, 1) })), "ok");
  assert.equal(await ask(http(server.url, { json })), `${server.url} answered 200, but $.peers is 0, less than 1`);
});

test("http: redirects are followed as far as allowed, and secrets stay with the first host", async () => {
  const seen: (string | undefined)[] = [];
  await using last = await serveHttp((request, response) => {
    seen.push(request.headers.authorization);
    response.writeHead(request.url === "/gone" ? 404 : 200).end();
  });
  await using first = await serveHttp((request, response) =>
    response.writeHead(302, { location: `${last.url}${request.url}` }).end(),
  );
  const more = { redirects: 1, headers: { Authorization: "Bearer x" } };
  assert.equal(await ask(http(`${first.url}/here`, more)), "ok");
  assert.deepEqual(seen, [undefined]);
  assert.equal(await ask(http(`${first.url}/gone`, more)), `${last.url}/gone answered 404`);
  await using round = await serveHttp((_, response) => response.writeHead(302, { location: "/" }).end());
  assert.match(await ask(http(round.url, { redirects: 3 })), /answered 302$/);
});

test("http: a redirect that repeats the request gives its headers and its body to its own origin alone", async () => {
  const seen: string[] = [];
  const tell = (who: string, { method, headers }: IncomingMessage, body: string): void => {
    const { "x-api-key": key, "content-type": type, accept } = headers;
    seen.push([who, method, key, type, accept, body].map(String).join(" "));
  };
  await using last = await serveHttp((request, response) => {
    void text(request).then((body) => (tell("last", request, body), response.end()));
  });
  await using first = await serveHttp((request, response) => {
    const location = request.url === "/" ? "/again" : last.url;
    void text(request).then((body) => (tell("first", request, body), response.writeHead(307, { location }).end()));
  });
  const headers = { "X-Api-Key": "k", "Content-Type": "text/plain", Accept: "text/*" };
  assert.equal(await ask(http(`${first.url}/`, { redirects: 2, method: "POST", body: "secret", headers })), "ok");
  const whole = "first POST k text/plain text/* secret";
  assert.deepEqual(seen, [whole, whole, "last POST undefined undefined text/* "]);
});

test("http: an answer that takes longer than it should is a warning", async () => {
  await using server = await serveHttp((_, response) => void setTimeout(() => response.end(), 20));
  assert.match(await ask(http(server.url, { slower_than: "1ms" })), /^warning: http:.* took \d+ ms, longer than 1 ms$/);
  assert.equal(await ask(http(server.url, { slower_than: "1h" })), "ok");
});

test("http: a server that changes to another protocol unasked is told", async () => {
  await using server = await serveTcp((socket) =>
    socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"),
  );
  assert.match(await ask(http(server.url)), /answered 101$/);
});

test("https: the authority, the name and the agent's own certificate are as configured", async () => {
  using dir = tempDir();
  const { cert, key } = selfSigned("web.test");
  const files = { ca: dir.write("cert.pem", cert), cert: dir.at("cert.pem"), key: dir.write("key.pem", key) };
  const options = { cert, key, ca: cert, requestCert: true, rejectUnauthorized: true };
  await using server = await serveHttps(options, (_, response) => response.end("secure"));
  assert.equal(await ask(http(server.url, { tls: { ...files, server_name: "web.test" }, match: "secure" })), "ok");
  assert.match(await ask(http(server.url, { tls: files })), /does not match certificate's altnames/);
  assert.match(await ask(http(server.url)), /self-signed certificate/);
  const { ca } = files;
  assert.match(
    await ask(http(server.url, { tls: { ca, server_name: "web.test" } })),
    /certificate required|ECONNRESET/,
  );
  assert.match(await ask(http(server.url, { tls: { ca: dir.at("none.pem") } })), /ENOENT.*none\.pem/);
});

test("http: a password in a URL is not shown", async () => {
  const port = await closedPort();
  assert.match(await ask(http(`http://me:s3cret@127.0.0.1:${port}/`)), /^http:\/\/me:\[redacted\]@127/);
});
