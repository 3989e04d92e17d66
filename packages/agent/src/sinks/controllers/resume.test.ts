import assert from "node:assert/strict";
import { test } from "node:test";
import { seqOf, type Envelope } from "@ostler/protocol";
import { openGround } from "../../testing/controllers-sink.js";
import { FakeClock } from "../../testing/fake-clock.js";
import { welcomed } from "../../testing/raw-controller.js";

function seqs(events: readonly Envelope[]): number[] {
  return events.map(seqOf);
}

function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, at) => from + at);
}

test("what is acknowledged is not sent again to the next session", async () => {
  await using ground = await openGround();
  await ground.tick(8);
  {
    await using met = await welcomed(ground);
    await met.controller.received(10);
    met.controller.send({ t: "ack", epoch: ground.epoch, upto: 6 });
    await met.controller.settled();
  }
  assert.equal(ground.cursors.get("c", ground.epoch), 6);
  await using met = await welcomed(ground);
  assert.equal(seqs(await met.controller.received(1))[0], 7);
});

test("what was sent and not acknowledged is sent again", async () => {
  await using ground = await openGround();
  await ground.tick(8);
  for (let round = 0; round < 3; round++) {
    await using met = await welcomed(ground);
    assert.deepEqual(seqs(await met.controller.received(9)).slice(0, 9), numbers(1, 9));
  }
});

test("each event comes once on a connection, in order, as it is published", async () => {
  await using ground = await openGround();
  await using met = await welcomed(ground);
  for (let round = 0; round < 20; round++) await ground.tick(25);
  assert.deepEqual(seqs(await met.controller.received(502)), numbers(1, 502));
});

test("who acknowledges what was never sent is told, and its cursor does not move", async () => {
  await using ground = await openGround();
  await ground.tick(3);
  await using met = await welcomed(ground, { welcome: { window: { events: 2, bytes: 4096 } } });
  await met.controller.received(2);
  met.controller.send({ t: "ack", epoch: ground.epoch, upto: 4 });
  met.controller.send({ t: "ack", epoch: "other", upto: 1 });
  assert.match((await met.controller.next("error")).message, /Cannot acknowledge e1-4/);
  assert.match((await met.controller.next("error")).message, /Cannot acknowledge other-1/);
  assert.equal(ground.cursors.get("c", ground.epoch), 0);
  assert.deepEqual(seqs(met.controller.events), [1, 2]);
  met.controller.send({ t: "ack", epoch: ground.epoch, upto: 2 });
  assert.deepEqual(seqs(await met.controller.received(4)), [1, 2, 3, 4]);
});

test("a controller may go on where it wants, before its cursor too", async () => {
  await using ground = await openGround();
  await ground.tick(8);
  ground.cursors.set("c", { epoch: ground.epoch, seq: 7 });
  await using met = await welcomed(ground, { welcome: { resume: { epoch: ground.epoch, from: 4 } } });
  assert.deepEqual(seqs(await met.controller.received(7)), numbers(4, 10));
});

test("who wants to go on from the future is told, and gets what its cursor says", async () => {
  await using ground = await openGround();
  await ground.tick(8);
  ground.cursors.set("c", { epoch: ground.epoch, seq: 5 });
  await using met = await welcomed(ground, { welcome: { resume: { epoch: ground.epoch, from: 99 } } });
  assert.match((await met.controller.next("error")).message, /Cannot resume from 99: the next event is 10/);
  assert.equal(seqs(await met.controller.received(1))[0], 6);
});

test("who knows another journal is told of the gap, and gets everything from the first event", async () => {
  await using ground = await openGround();
  await ground.tick(8);
  ground.cursors.set("c", { epoch: ground.epoch, seq: 5 });
  await using met = await welcomed(ground, { welcome: { resume: { epoch: "e0", from: 77 } } });
  assert.deepEqual(await met.controller.next("gap"), {
    t: "gap",
    epoch: "e0",
    from: 77,
    to: 77,
    count: 0,
    reason: "epoch",
  });
  assert.deepEqual(seqs(await met.controller.received(10)), numbers(1, 10));
});

test("who comes too late is told what is gone for good", async () => {
  await using ground = await openGround({ maxBytes: 128 * 1024 });
  const last = await ground.tick(200, 4096);
  const { first } = ground.journal;
  assert.ok(first > 1);
  await using met = await welcomed(ground, { welcome: { resume: { epoch: ground.epoch, from: 1 } } });
  const { from, to, count, reason } = await met.controller.next("gap");
  assert.deepEqual({ from, to, count, reason }, { from: 1, to: first - 1, count: first - 1, reason: "retention" });
  assert.deepEqual(seqs(await met.controller.received(last - first + 1)).slice(0, 3), numbers(first, first + 2));
  met.controller.send({ t: "ack", epoch: ground.epoch, upto: first });
  await met.controller.settled();
  assert.equal(ground.cursors.get("c", ground.epoch), first);
});

test("only the topics of the welcome are sent", async () => {
  await using ground = await openGround();
  await ground.tick(8);
  await using met = await welcomed(ground, { welcome: { events: ["controller.*", "ostler.agent.started"] } });
  await met.controller.received(2);
  assert.deepEqual(
    met.controller.events.map(({ type }) => type),
    ["ostler.agent.started", "ostler.controller.connected"],
  );
});

test("with topics the state comes as patches, because the events do not carry it", async () => {
  const clock = new FakeClock();
  await using ground = await openGround({ clock });
  await using met = await welcomed(ground, { welcome: { events: ["app.*"] } });
  ground.publish({ type: "agent.degraded", data: { part: "door", reason: "open" } });
  clock.advance(1000);
  const { patch } = await met.controller.next("state");
  assert.deepEqual((patch as { agent: unknown }).agent, { degraded: { door: "open" } });
});

test("the whole state comes whenever it is asked for", async () => {
  await using ground = await openGround();
  await using met = await welcomed(ground);
  ground.publish({ type: "agent.degraded", data: { part: "door", reason: "open" } });
  met.controller.send({ t: "want_state" });
  const { full, rev } = await met.controller.next("state");
  assert.equal(rev, 2);
  assert.deepEqual(full, JSON.parse(JSON.stringify(ground.state())));
});
