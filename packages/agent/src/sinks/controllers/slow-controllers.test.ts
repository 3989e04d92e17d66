import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { seqOf } from "@ostler/protocol";
import { openGround } from "../../testing/controllers-sink.js";
import { welcomed, type Met } from "../../testing/raw-controller.js";
import { until } from "../../testing/until.js";

const mebibyte = 1024 * 1024;

/** Bytes of the heap that are in use. */
function heapBytes(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage().heapUsed;
}

/** The most that ever waited in the agent's end of the connection, looked at again and again until the signal. */
async function mostBuffered({ socket }: Met, until: Promise<unknown>): Promise<number> {
  let most = 0;
  let isOver = false;
  void until.finally(() => (isOver = true));
  while (!isOver) {
    most = Math.max(most, socket.bufferedAmount);
    await new Promise(setImmediate);
  }
  return most;
}

test("a controller that never acknowledges gets its window and no more, and costs no memory", async () => {
  await using ground = await openGround({ maxBytes: 256 * mebibyte });
  await using met = await welcomed(ground, { welcome: { window: { events: 1000, bytes: mebibyte } } });
  await ground.tick(1000);
  await met.controller.received(1000);
  const beforeBytes = heapBytes();
  await ground.tick(200_000);
  const grownBytes = heapBytes() - beforeBytes;
  assert.ok(grownBytes < 8 * mebibyte, `the heap grew by ${grownBytes} bytes`);
  assert.equal(met.controller.events.length, 1000);
  assert.equal(met.socket.bufferedAmount, 0);
  met.controller.send({ t: "ack", epoch: ground.epoch, upto: 1000 });
  await met.controller.received(2000);
  assert.equal(seqOf(met.controller.events[1999] ?? { sequence: "" }), 2000);
});

test("a window of bytes holds, too", async () => {
  await using ground = await openGround();
  await using met = await welcomed(ground, { welcome: { window: { events: 100_000, bytes: 64 * 1024 } } });
  await ground.tick(500, 1000);
  await until(() => met.controller.eventBytes > 60 * 1024, "the window is used up");
  met.controller.send({ t: "want_state" });
  await met.controller.next("state");
  assert.ok(met.controller.eventBytes < 68 * 1024, `${met.controller.eventBytes} bytes were sent`);
});

test("what a controller that does not read is sent waits on the disk, and all of it comes when it reads again", async () => {
  await using ground = await openGround();
  await using met = await welcomed(ground, { welcome: { window: { events: 100_000, bytes: 64 * mebibyte } } });
  met.controller.socket.pause();
  const publishing = ground.tick(20_000, 1000);
  const most = await mostBuffered(met, publishing);
  assert.ok(most > mebibyte && most < 1.5 * mebibyte, `${most} bytes waited in memory`);
  met.controller.socket.resume();
  const last = await publishing;
  await met.controller.received(last);
  assert.deepEqual(
    met.controller.events.map(seqOf),
    Array.from({ length: last }, (_, at) => at + 1),
  );
});

test("a controller that vanishes while it does not read leaves nothing behind", async () => {
  await using ground = await openGround();
  await using met = await welcomed(ground, { welcome: { window: { events: 100_000, bytes: 64 * mebibyte } } });
  met.controller.socket.pause();
  await ground.tick(20_000, 1000);
  await until(() => met.socket.bufferedAmount > mebibyte, "the link is congested");
  met.controller.socket.terminate();
  await met.ended;
  assert.equal(ground.told("controller.disconnected").length, 1);
});

test("a controller that asks for the state again and again without reading it does not fill the memory", async () => {
  await using ground = await openGround();
  await using met = await welcomed(ground);
  ground.publish({ type: "agent.degraded", data: { part: "door", reason: "x".repeat(100_000) } });
  met.controller.socket.pause();
  for (let n = 0; n < 1000; n++) met.controller.send({ t: "want_state" });
  met.controller.send({ t: "cmd", id: "last", name: "no.such.command" });
  const most = await mostBuffered(
    met,
    until(() => ground.told("command.rejected").length === 1, "everything was handled"),
  );
  assert.ok(most < 1.5 * mebibyte, `${most} bytes waited in memory`);
  met.controller.socket.resume();
  await met.controller.next("cmd_ack");
});

test("a controller that asks and never reads the answers is cut off before they fill the memory", async () => {
  const read = (): never => {
    throw new Error("there is no such service ".repeat(200));
  };
  await using ground = await openGround({ logs: read });
  await using met = await welcomed(ground);
  met.controller.socket.pause();
  for (let n = 0; n < 8000; n++) met.controller.send({ t: "logs_open", id: `l-${n}`, service: "gone" });
  const most = await mostBuffered(met, met.ended);
  assert.equal((await met.ended).code, 1006);
  assert.ok(most <= 17 * mebibyte, `${most} bytes waited in memory`);
});

test("log lines that a controller does not read are dropped, and their number is told", async () => {
  let isRead = false;
  const read = async function* (): AsyncGenerator<object> {
    for (let n = 0; n < 20_000; n++) {
      if (n % 100 === 0) await new Promise(setImmediate);
      yield { text: "x".repeat(1000) };
    }
    await until(() => isRead, "the controller reads again");
    yield { text: "last" };
  };
  await using ground = await openGround({ logs: read });
  await using met = await welcomed(ground);
  met.controller.socket.pause();
  met.controller.send({ t: "logs_open", id: "l", service: "vcon" });
  await until(() => met.socket.bufferedAmount > mebibyte, "the link is congested");
  met.controller.socket.resume();
  await until(() => met.socket.bufferedAmount === 0, "it is not any more");
  isRead = true;
  await until(
    () => met.controller.pending("logs").some(({ lines }) => JSON.stringify(lines).includes("last")),
    "the last line comes",
  );
  const frames = met.controller.pending("logs");
  const dropped = frames.reduce((sum, frame) => sum + frame.dropped, 0);
  assert.ok(dropped > 0);
  assert.equal(frames.length + dropped, 20_001);
});
