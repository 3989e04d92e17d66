import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { serveTcp } from "../../../testing/servers.js";
import { afterSilence } from "./silence.js";

const silentMs = 20;

/** The whole process stands still, as on a host that is too busy, until the silence would be over. */
function stall(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2 * silentMs);
}

test("what came during a stall is heard before silence is", async () => {
  let accepted: (socket: Socket) => void;
  const peer = new Promise<Socket>((resolve) => (accepted = resolve));
  await using server = await serveTcp((socket) => accepted(socket));
  const socket = connect(server.port, "127.0.0.1");
  await once(socket, "connect");
  const other = await peer;
  const heard: string[] = [];
  const silent = new Promise<void>((resolve) => {
    const stop = afterSilence(silentMs, () => (heard.push("silence"), resolve()));
    socket.on("data", (data) => (heard.push(data.toString()), stop(), resolve()));
  });
  other.write("said"); // The kernel has it at once.
  stall();
  await silent;
  assert.deepEqual(heard, ["said"]);
  socket.destroy();
});

test("silence is told after its time, and no more when it was stopped", async () => {
  await new Promise<void>((resolve) => afterSilence(1, resolve));
  const told: string[] = [];
  const stop = afterSilence(1, () => told.push("stopped"));
  stop();
  stop();
  await new Promise<void>((resolve) => afterSilence(silentMs, resolve));
  assert.deepEqual(told, []);
});
