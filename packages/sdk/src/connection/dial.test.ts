import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { test } from "node:test";
import { WebSocketServer, type WebSocket } from "ws";
import { until } from "../until.js";
import { dialForever, type DialDeps } from "./dial.js";

/** How a door treats who knocks: opens and closes again with a code, or answers with a status line. */
type Treatment = { code: number } | { answer: string };

/** A server that treats each connection as it is told; after that, like the last one. */
async function door(...treatments: Treatment[]): Promise<{ url: string } & AsyncDisposable> {
  const server = createServer();
  const sockets = new WebSocketServer({ noServer: true });
  server.on("upgrade", (request, socket: Duplex, head) => {
    const treatment = (treatments.length > 1 ? treatments.shift() : treatments[0]) ?? { code: 1000 };
    if ("answer" in treatment) return void socket.end(`HTTP/1.1 ${treatment.answer}\r\nconnection: close\r\n\r\n`);
    sockets.handleUpgrade(request, socket, head, (opened) => opened.close(treatment.code));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** Dials until it has waited `count` times; the waits in ms. Each takes no time, and each session lasts `sessionMs`. */
async function waits(count: number, url: string, { random = 1 - 1e-12, sessionMs = 0 } = {}): Promise<number[]> {
  const waited: number[] = [];
  const stop = new AbortController();
  let now = 0;
  const deps: DialDeps = {
    random: () => random,
    monotonic: () => now,
    pause: async (ms) => {
      if (waited.push(ms) === count) stop.abort();
    },
  };
  const speak = async (socket: WebSocket): Promise<{ code: number; reason: string }> => {
    socket.resume();
    const [code] = (await once(socket, "close")) as [number];
    now += sessionMs;
    return { code, reason: "" };
  };
  await dialForever({ url }, speak, stop.signal, deps).ended;
  return waited;
}

const open = { code: 1000 };

test("the wait before the next attempt doubles up to a minute", async () => {
  await using server = await door(open);
  assert.deepEqual(await waits(9, server.url), [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
});

test("the wait is anything between nothing and its bound, so that a fleet does not come back in step", async () => {
  await using server = await door(open);
  assert.deepEqual(await waits(4, server.url, { random: 0 }), [0, 0, 0, 0]);
  assert.deepEqual(await waits(4, server.url, { random: 0.5 }), [500, 1000, 2000, 4000]);
});

test("connections that only open and close again do not shorten the wait", async () => {
  await using server = await door(open, { answer: "502 Bad Gateway" }, open, open);
  assert.deepEqual(await waits(4, server.url, { sessionMs: 59_000 }), [1000, 2000, 4000, 8000]);
});

test("after a session of more than a minute the waits are short again", async () => {
  await using server = await door(open);
  assert.deepEqual(await waits(3, server.url, { sessionMs: 61_000 }), [1000, 1000, 1000]);
});

test("a refused token slows down, and does not end the attempts", async () => {
  await using server = await door(open, { answer: "401 Unauthorized" }, { answer: "403 Forbidden" });
  assert.deepEqual(await waits(6, server.url), [1000, 600_000, 1_200_000, 2_400_000, 3_600_000, 3_600_000]);
});

test("Retry-After wins where it is longer, up to an hour", async () => {
  const busy = (seconds: string): Treatment => ({ answer: `503 Service Unavailable\r\nretry-after: ${seconds}` });
  await using server = await door(open, busy("120"), busy("1"), busy("999999"), busy("soon"));
  assert.deepEqual(await waits(5, server.url), [1000, 120_000, 4000, 3_600_000, 16_000]);
});

test("whoever was pushed out by another controller of the same id does not fight back at once", async () => {
  await using server = await door({ code: 4409 });
  assert.deepEqual(await waits(2, server.url), [30_000, 30_000]);
});

test("a first attempt that fails is the last one", async () => {
  await using server = await door({ answer: "401 Unauthorized" });
  const pauses: number[] = [];
  const pause = async (ms: number): Promise<void> => void pauses.push(ms);
  const deps: DialDeps = { random: () => 0, monotonic: () => 0, pause };
  const never = new AbortController().signal;
  const dialing = dialForever({ url: server.url }, () => Promise.reject(new Error("not reached")), never, deps);
  await assert.rejects(dialing.connected, { code: "unauthorized" });
  await dialing.ended;
  assert.deepEqual(pauses, []);
});

test("a wait ends when its owner does", async () => {
  await using server = await door({ code: 4409 });
  const stop = new AbortController();
  let sessions = 0;
  const speak = async (socket: WebSocket): Promise<{ code: number; reason: string }> => {
    socket.resume();
    await once(socket, "close");
    sessions++;
    return { code: 4409, reason: "" };
  };
  const { ended } = dialForever({ url: server.url }, speak, stop.signal);
  await until(() => sessions === 1, "the session has ended");
  stop.abort();
  await ended;
});
