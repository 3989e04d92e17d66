import assert from "node:assert/strict";
import { test } from "node:test";
import type { UdpCheck } from "../../../config/checks/udp.js";
import { closedUdpPort, serveUdp } from "../../../testing/datagrams.js";
import { ask, checkOf } from "../../../testing/probes.js";
import { until } from "../../../testing/until.js";
import type { Probe } from "../verdict.js";
import { udpProbe } from "./udp.js";

const udp = (address: string, more: object = {}): Probe =>
  udpProbe(checkOf<UdpCheck>({ kind: "udp", address, timeout: "10s", ...more }));

test("udp: a closed port is told from a silent one", async () => {
  const port = await closedUdpPort();
  const closed = `127.0.0.1:${port} is closed: nobody listens there`;
  assert.equal(await ask(udp(`127.0.0.1:${port}`)), closed);
  assert.equal(await ask(udp(`127.0.0.1:${port}`, { send: "x", expect: "y" })), closed);
  await using silent = await serveUdp(() => undefined);
  assert.equal(await ask(udp(silent.address)), "ok");
  assert.deepEqual(silent.seen, [Buffer.alloc(0)]);
});

test("udp: what is sent arrives, as text or as bytes, and the answer must match", async () => {
  await using echo = await serveUdp((question) => `you said ${question.toString("hex")}`);
  assert.equal(await ask(udp(echo.address, { send: "hi", expect: "^you said 6869$" })), "ok");
  assert.equal(await ask(udp(echo.address, { send_hex: "00ff", expect: "00ff$" })), "ok");
  assert.equal(
    await ask(udp(echo.address, { send: "hi", expect: "bye" })),
    `${echo.address}: "you said 6869" does not match /bye/`,
  );
});

test("udp: a datagram that gets lost is sent again", async () => {
  await using forgetful = await serveUdp((_, count) => (count < 2 ? undefined : "here"));
  assert.equal(await ask(udp(forgetful.address, { send: "x", expect: "here" })), "ok");
});

test("udp: silence fails where an answer is expected, and leaves nothing", async () => {
  await using silent = await serveUdp(() => undefined);
  const stop = new AbortController();
  const asked = udp(silent.address, { send: "x", expect: "y" })(stop.signal);
  await until(() => silent.seen.length > 0, "it is asked");
  stop.abort();
  assert.deepEqual(await asked, { ok: false, reason: `${silent.address} did not answer` });
});

test("udp: a name that nobody has, and a check that is withdrawn before it began, fail with a reason", async () => {
  assert.match(await ask(udp("nowhere.invalid:9")), /^nowhere\.invalid:9: .*(ENOTFOUND|EAI_AGAIN)/);
  await using silent = await serveUdp(() => undefined);
  assert.equal((await udp(silent.address, { expect: "x" })(AbortSignal.abort())).ok, false);
});
