import assert from "node:assert/strict";
import { test } from "node:test";
import type { TlsCheck } from "../../../config/checks/tls.js";
import { certificate, selfSigned } from "../../../testing/certificate.js";
import { ask, checkOf, reasonOf } from "../../../testing/probes.js";
import { closedPort, serveTcp, serveTls } from "../../../testing/servers.js";
import { tempDir } from "../../../testing/temp-dir.js";
import { until } from "../../../testing/until.js";
import type { Probe } from "../verdict.js";
import { tlsProbe } from "./tls.js";

const tls = (settings: object): Probe => tlsProbe(checkOf<TlsCheck>({ kind: "tls", ...settings }));

const dayMs = 86_400_000;
const inDays = (days: number): Date => new Date(Date.now() + days * dayMs + 60_000);

const authority = certificate({ commonName: "Test CA" });
const issued = (more: object = {}): ReturnType<typeof certificate> =>
  certificate({ commonName: "web.test", names: ["web.test", "www.web.test"], issuer: authority.issuer, ...more });

/** What is found of a server with this certificate, as one that believes the authority. */
async function found({ cert, key }: { cert: string; key: string }, settings: object = {}, more: object = {}) {
  using dir = tempDir();
  const ca = dir.write("ca.pem", authority.cert);
  await using server = await serveTls({ cert, key });
  const { port } = server;
  const said = await ask(
    tls({ address: `127.0.0.1:${port}`, tls: { ca, server_name: "web.test", ...more }, ...settings }),
  );
  return said.replaceAll(`127.0.0.1:${port}`, "SERVER").replaceAll(dir.path, "DIR");
}

test("tls: a certificate that is right passes, by each of its names", async () => {
  assert.equal(await found(issued()), "ok");
  assert.equal(await found(issued(), {}, { server_name: "www.web.test" }), "ok");
});

test("tls: how long it still holds decides between passed, warned and failed", async () => {
  const soon = issued({ to: inDays(10) });
  assert.match(await found(soon), /^warning: the certificate of SERVER expires in 10 days, on \d{4}-/);
  assert.equal(await found(soon, { warn_before: "9d" }), "ok");
  assert.match(await found(soon, { fail_before: "11d" }), /^the certificate of SERVER expires in 10 days, on/);
  assert.match(await found(issued({ to: inDays(-3) })), /^the certificate of SERVER expired on .*Z, 2 days ago$/);
  assert.match(
    await found(issued({ from: inDays(3) })),
    /^the certificate of SERVER is not valid before \d{4}-.*clock/,
  );
});

test("tls: a wrong name is told with the right ones", async () => {
  assert.equal(
    await found(issued(), {}, { server_name: "other.test" }),
    "the certificate of SERVER is not for other.test, only for web.test, www.web.test",
  );
  assert.match(await found(issued(), {}, { server_name: undefined }), /is not for 127\.0\.0\.1, only for web\.test/);
});

test("tls: an unknown authority is told from a certificate that vouches for itself", async () => {
  const other = certificate({ commonName: "Other CA" });
  assert.match(
    await found(issued({ issuer: other.issuer })),
    /was issued by CN=Other CA, which does not lead to DIR\/ca\.pem/,
  );
  assert.match(await found(selfSigned("web.test")), /is self-signed and not in DIR\/ca\.pem$/);
  assert.match(
    await found(issued(), {}, { ca: undefined }),
    /CN=Test CA, which does not lead to the well-known authorities/,
  );
});

test("tls: several faults are all told; nothing of them without verification", async () => {
  const bad = certificate({ commonName: "web.test", to: inDays(-3) });
  assert.match(
    await found(bad, {}, { server_name: "x.test" }),
    /expired on .*; it is not for x\.test, only for web\.test/,
  );
  assert.equal(await found(selfSigned("x"), {}, { verify: false }), "ok");
});

test("tls: the served certificate is compared with the one on the disk, and that with its key", async () => {
  using dir = tempDir();
  const [served, other] = [issued(), issued()];
  const files = (cert: string, key: string): object => ({
    cert: dir.write("c.pem", cert),
    key: dir.write("k.pem", key),
  });
  assert.equal(await found(served, files(served.cert, served.key)), "ok");
  assert.match(await found(served, files(other.cert, other.key)), /has another key than .*c\.pem$/);
  assert.match(await found(served, files(served.cert, other.key)), /k\.pem is not the key of .*c\.pem$/);
  assert.match(await found(served, { key: dir.write("k2.pem", other.key) }), /does not belong to the key .*k2\.pem$/);
  assert.match(await found(served, { cert: dir.at("none.pem") }), /^SERVER: ENOENT.*none\.pem/);
});

test("tls: a server that asks for the agent's certificate gets it, and says when there is none", async () => {
  using dir = tempDir();
  const own = issued({ commonName: "agent" });
  for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
    const { cert, key } = issued();
    const wanted = { cert, key, ca: authority.cert, requestCert: true, rejectUnauthorized: true, maxVersion };
    await using server = await serveTls(wanted);
    const address = `127.0.0.1:${server.port}`;
    const trust = { ca: dir.write("ca.pem", authority.cert), server_name: "web.test" };
    const shown = { ...trust, cert: dir.write("own.pem", own.cert), key: dir.write("own.key", own.key) };
    assert.equal(await ask(tls({ address, tls: shown })), "ok");
    assert.match(await ask(tls({ address, tls: trust })), /wants a certificate of the agent|handshake failure/);
  }
});

test("tls: an old version is told as that", async () => {
  const { cert, key } = issued();
  await using server = await serveTls({ cert, key, maxVersion: "TLSv1.2" });
  const address = `127.0.0.1:${server.port}`;
  assert.equal(
    await ask(tls({ address, tls: { min_version: "1.3", verify: false } })),
    `${address} speaks no TLS as new as 1.3, which is the oldest that is good enough`,
  );
});

test("tls: who speaks something else, nothing, or is not there fails with a reason", async () => {
  await using foreign = await serveTcp((socket) => socket.end("SSH-2.0-x\r\n"));
  assert.equal(
    await ask(tls({ address: `127.0.0.1:${foreign.port}` })),
    `127.0.0.1:${foreign.port} does not speak TLS`,
  );
  assert.match(await ask(tls({ address: `127.0.0.1:${await closedPort()}` })), /: connect ECONNREFUSED/);
  let [opened, closed] = [0, 0];
  await using silent = await serveTcp((socket) => {
    opened++;
    socket.resume().on("close", () => closed++);
  });
  const stop = new AbortController();
  const asked = tls({ address: `127.0.0.1:${silent.port}` })(stop.signal);
  await until(() => opened === 1, "it is asked");
  stop.abort();
  assert.match(reasonOf(await asked), /: there was no handshake in time$/);
  await until(() => closed === 1, "the connection is closed");
  await using rude = await serveTcp((socket) => socket.destroy());
  assert.match(await ask(tls({ address: `127.0.0.1:${rude.port}` })), /disconnected before secure TLS|ECONNRESET/);
});

test("tls: certificates on the disk are looked at without a server", async () => {
  using dir = tempDir();
  const soon = issued({ to: inDays(10) });
  const file = dir.write("web.pem", authority.cert + soon.cert);
  assert.match(await ask(tls({ file })), /^warning: the certificate of .*web\.pem expires in 10 days/);
  const own = dir.write("own.pem", soon.cert);
  const quiet = { file: own, warn_before: "1d" };
  assert.equal(await ask(tls({ ...quiet, key: dir.write("k.pem", soon.key), tls: { server_name: "web.test" } })), "ok");
  assert.match(
    await ask(tls({ ...quiet, key: dir.write("k2.pem", issued().key) })),
    /does not belong to the key .*k2\.pem/,
  );
  assert.match(await ask(tls({ ...quiet, tls: { server_name: "x.test" } })), /is not for x\.test/);
  assert.match(await ask(tls({ file: dir.write("empty.pem", "nothing") })), /is not there: the file has none/);
  assert.match(await ask(tls({ file: dir.at("none.pem") })), /ENOENT/);
});
