import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import type { Socks5Check } from "../../../config/checks/socks5.js";
import { selfSigned } from "../../../testing/certificate.js";
import { ask, checkOf, reasonOf } from "../../../testing/probes.js";
import { closedPort, serveHttp, serveHttps, serveTcp, type TestServer } from "../../../testing/servers.js";
import { tempDir } from "../../../testing/temp-dir.js";
import { until } from "../../../testing/until.js";
import type { Probe } from "../verdict.js";
import { connectRequest, replyLength } from "./socks5-messages.js";
import { socks5Probe } from "./socks5.js";

const socks5 = (proxy: TestServer, more: object): Probe =>
  socks5Probe(checkOf<Socks5Check>({ kind: "socks5", address: `127.0.0.1:${proxy.port}`, ...more }));

const done = Buffer.from("05000001000000000000", "hex");

/** A proxy that answers what it hears with these messages, one after another; after the last it leads to a port. */
async function proxy(answers: Buffer[], port?: number): Promise<TestServer & { heard: Buffer[] }> {
  const heard: Buffer[] = [];
  const server = await serveTcp((socket: Socket) => {
    const left = [...answers];
    socket.on("data", function hear(chunk: Buffer) {
      heard.push(chunk);
      const answer = left.shift();
      if (answer) socket.write(answer);
      if (left.length > 0 || port === undefined) return;
      socket.off("data", hear);
      const target = connect(port, "127.0.0.1").on("error", () => socket.destroy());
      socket.pipe(target).pipe(socket);
      socket.on("close", () => target.destroy());
    });
  });
  return { ...server, heard };
}

const bytes = (...numbers: number[]): Buffer => Buffer.from(numbers);

test("socks5: a target is asked for by name, so that the proxy looks it up", async () => {
  await using it = await proxy([bytes(5, 0), done]);
  assert.equal(await ask(socks5(it, { target: "web.test:80" })), "ok");
  assert.deepEqual(
    it.heard.map((message) => message.toString("latin1")),
    ["\x05\x01\x00", "\x05\x01\x00\x03\x08web.test\x00\x50"],
  );
});

test("socks5: addresses are sent as such, and answers are as long as their address says", () => {
  assert.equal(connectRequest({ host: "192.0.2.1", port: 443 }).toString("hex"), "05010001c000020101bb");
  assert.equal(
    connectRequest({ host: "2001:db8::1", port: 1 }).toString("hex"),
    `0501000420010db80000000000000000000000010001`,
  );
  assert.equal(
    connectRequest({ host: "::ffff:1.2.3.4", port: 1 }).toString("hex"),
    `05010004${"0".repeat(20)}ffff010203040001`,
  );
  assert.deepEqual(
    [1, 3, 4].map((type) => replyLength(bytes(5, 0, 0, type, 9))),
    [10, 16, 22],
  );
  assert.equal(replyLength(bytes(5, 0, 0, 3)), undefined);
});

test("socks5: a proxy that wants a login gets it, and says when it is wrong", async () => {
  const login = { target: "a.test:1", username: "me", password: "s3cret" };
  await using friendly = await proxy([bytes(5, 2), bytes(1, 0), done]);
  assert.equal(await ask(socks5(friendly, login)), "ok");
  assert.deepEqual(friendly.heard.slice(0, 2), [bytes(5, 2, 0, 2), Buffer.from("\x01\x02me\x06s3cret")]);
  await using strict = await proxy([bytes(5, 2), bytes(1, 1)]);
  assert.match(await ask(socks5(strict, login)), /: the proxy does not accept the username and password$/);
  await using closed = await proxy([bytes(5, 0xff)]);
  assert.match(await ask(socks5(closed, { target: "a.test:1" })), /: the proxy wants a login$/);
  assert.match(await ask(socks5(closed, login)), /: the proxy accepts neither no login nor one by password$/);
});

const refusals = [
  "has failed",
  "does not allow it",
  "cannot reach the network",
  "cannot reach the host",
  "was refused the connection",
  "has waited too long for it",
  "knows no CONNECT",
  "knows no addresses of this kind",
  "refuses",
];

for (const [at, says] of refusals.entries())
  test(`socks5: of a refusal with code ${at + 1} it is said that the proxy ${says}`, async () => {
    await using it = await proxy([bytes(5, 0), bytes(5, at + 1, 0, 1, 0, 0, 0, 0, 0, 0)]);
    const reason = await ask(socks5(it, { target: "a.test:1" }));
    assert.equal(reason, `a.test:1 through 127.0.0.1:${it.port}: the proxy ${says} (code ${at + 1})`);
  });

test("socks5: an answer that comes in pieces is put together", async () => {
  await using slow = await serveTcp((socket) => {
    const pieces = [bytes(5), bytes(0), done.subarray(0, 3), done.subarray(3, 7), done.subarray(7)];
    const send = (): void => {
      const piece = pieces.shift();
      if (piece) socket.write(piece, () => setImmediate(send));
    };
    socket.once("data", send);
  });
  assert.equal(await ask(socks5(slow, { target: "a.test:1" })), "ok");
});

test("socks5: a URL is asked through the proxy, and its status judged", async () => {
  await using web = await serveHttp((request, response) => response.writeHead(request.url === "/ok" ? 204 : 404).end());
  await using it = await proxy([bytes(5, 0), done], web.port);
  assert.equal(await ask(socks5(it, { http: "http://web.test/ok" })), "ok");
  assert.match(it.heard[1]?.toString("latin1") ?? "", /\x08web\.test\x00\x50$/);
  assert.equal(
    await ask(socks5(it, { http: "http://web.test/other" })),
    `http://web.test/other through 127.0.0.1:${it.port} answered 404`,
  );
  assert.equal(await ask(socks5(it, { http: "http://web.test/other", status: [404] })), "ok");
});

test("socks5: an https:// URL is asked in TLS through the proxy, and its certificate verified", async () => {
  using dir = tempDir();
  const { cert, key } = selfSigned("web.test");
  await using web = await serveHttps({ cert, key }, (_, response) => response.end());
  await using it = await proxy([bytes(5, 0), done], web.port);
  const http = "https://web.test/";
  assert.equal(await ask(socks5(it, { http, tls: { ca: dir.write("ca.pem", cert) } })), "ok");
  assert.match(it.heard[1]?.toString("latin1") ?? "", /\x08web\.test\x01\xbb$/);
  assert.match(await ask(socks5(it, { http })), /self-signed certificate/);
});

test("socks5: who speaks something else, hangs up, hangs or is not there fails, and nothing is left", async () => {
  const target = { target: "a.test:1" };
  await using foreign = await proxy([Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n")]);
  assert.match(await ask(socks5(foreign, target)), /: the proxy speaks no SOCKS5 \(it answered 4854\)$/);
  await using rude = await serveTcp((socket) => socket.end());
  assert.match(await ask(socks5(rude, target)), /: the proxy hung up$/);
  assert.match(await ask(socks5({ ...rude, port: await closedPort() }, target)), /ECONNREFUSED/);
  let [opened, closed] = [0, 0];
  await using silent = await serveTcp((socket) => {
    opened++;
    socket.resume().on("close", () => closed++);
  });
  const stop = new AbortController();
  const asked = socks5(silent, target)(stop.signal);
  await until(() => opened === 1, "it is asked");
  stop.abort();
  assert.match(reasonOf(await asked), /^a\.test:1 through 127\.0\.0\.1:\d+: .*abort/);
  await until(() => closed === 1, "the connection is closed");
});
