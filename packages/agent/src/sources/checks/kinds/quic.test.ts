import assert from "node:assert/strict";
import { test } from "node:test";
import type { QuicCheck } from "../../../config/checks/quic.js";
import { closedUdpPort, serveUdp } from "../../../testing/datagrams.js";
import { ask, checkOf } from "../../../testing/probes.js";
import type { Probe } from "../verdict.js";
import { offeredVersions, questionOf, randomBytesNeeded, versionsInWords } from "./quic-packet.js";
import { quicProbe } from "./quic.js";

const quic = (address: string, more: object = {}): Probe =>
  quicProbe(checkOf<QuicCheck>({ kind: "quic", address, timeout: "10s", ...more }));

const versionOne = Buffer.from("00000001", "hex");
const greased = Buffer.from("1a2a3a4a", "hex");

/** What a server answers, made of the ids in a question. */
function negotiation(question: Buffer, versions: Buffer[], { first = 0xb7, version = 0, swapped = true } = {}): Buffer {
  const [theirs, ours] = [question.subarray(5, 14), question.subarray(14, 23)];
  const head = Buffer.alloc(5);
  head[0] = first;
  head.writeUInt32BE(version, 1);
  return Buffer.concat([head, ...(swapped ? [ours, theirs] : [theirs, ours]), ...versions]);
}

const { packet, ids } = questionOf(Buffer.from(Array.from({ length: randomBytesNeeded }, (_, at) => 255 - (at % 256))));

test("the question is one that every QUIC server takes for the first packet of a version it does not have", () => {
  assert.equal(packet.length, 1200);
  assert.equal(packet.subarray(0, 6).toString("hex"), "cffafafafa08");
  assert.equal(packet[14], 8);
  assert.deepEqual([ids.destination.length, ids.source.length, packet[23]], [8, 8, 0]);
  assert.equal((packet.readUInt16BE(24) & 0x3fff) + 26, 1200, "the length leads to the end");
});

const wrong: [what: string, answer: Buffer, says: RegExp][] = [
  ["a short header", negotiation(packet, [versionOne], { first: 0x40 }), /what is no QUIC/],
  ["a few bytes", Buffer.from("hi"), /what is no QUIC \(2 bytes/],
  ["a handshake", negotiation(packet, [versionOne], { version: 1 }), /a packet of version 0x00000001/],
  ["ids as they were sent", negotiation(packet, [versionOne], { swapped: false }), /ids of another connection/],
  ["no versions", negotiation(packet, []), /a list of versions of 0 bytes/],
  ["half a version", negotiation(packet, [versionOne, Buffer.from("00", "hex")]), /versions of 5 bytes/],
  ["an id longer than the packet", Buffer.from(`8000000000ff00`, "hex"), /cut off/],
];

for (const [what, answer, says] of wrong)
  test(`${what} is no answer to it`, () => assert.match(String(offeredVersions(answer, ids)), says));

test("the offered versions are read, and those that mean nothing are not shown", () => {
  const offered = offeredVersions(negotiation(packet, [versionOne, greased]), ids);
  assert.deepEqual(offered, [1, 0x1a2a3a4a]);
  assert.equal(versionsInWords([1, 0x1a2a3a4a, 0x6b3343cf, 0xff00001d]), "1, 2, 0xff00001d");
});

test("quic: passes when the server offers versions, and those that are wanted are among them", async () => {
  await using server = await serveUdp((question) => negotiation(question, [versionOne, greased]));
  assert.equal(await ask(quic(server.address)), "ok");
  assert.equal(await ask(quic(server.address, { versions: ["1"] })), "ok");
  assert.equal(
    await ask(quic(server.address, { versions: ["1", "2"] })),
    `${server.address} does not offer QUIC 2, only 1`,
  );
});

test("quic: who answers with something else fails with what came", async () => {
  await using echo = await serveUdp((question) => question);
  assert.match(await ask(quic(echo.address)), /answered with a packet of version 0x.a.a.a.a instead/);
  await using talker = await serveUdp(() => "hello there");
  assert.match(await ask(quic(talker.address)), /answered with what is no QUIC \(11 bytes/);
});

test("quic: a closed port fails at once, a silent one when the time is over", async () => {
  const port = await closedUdpPort();
  assert.equal(await ask(quic(`127.0.0.1:${port}`)), `127.0.0.1:${port} is closed: nobody listens there`);
  await using silent = await serveUdp(() => undefined);
  assert.equal(await ask(quic(silent.address), 300), `${silent.address} did not answer`);
});
