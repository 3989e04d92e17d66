import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { maxFrameBytes, seqOf, type Envelope } from "@ostler/protocol";
import { openGround } from "../../testing/controllers-sink.js";
import { FakeClock } from "../../testing/fake-clock.js";
import { meet, welcome, welcomed } from "../../testing/raw-controller.js";

function seqs(events: readonly Envelope[]): number[] {
  return events.map(seqOf);
}

function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, at) => from + at);
}

suite("beginning", () => {
  test("the agent says who it is, what may be asked of it and what its journal holds", async () => {
    await using ground = await openGround();
    const next = (await ground.tick(3)) + 1;
    ground.cursors.set("c", { epoch: ground.epoch, seq: 2 });
    const authority = { scopes: ["write" as const], commands: ["service.st*", "config.*"] };
    await using met = await meet(ground, { peer: { authority } });
    const hello = await met.controller.next("hello");
    assert.deepEqual(hello.agent, { id: "agent-1", name: "node-a", version: "0", labels: { role: "api" } });
    assert.deepEqual(hello.stream, { epoch: ground.epoch, first: 1, next, acked: 2 });
    assert.deepEqual(
      hello.caps.filter((name) => name.includes(".")),
      ["service.start", "service.stop", "events.resume"],
    );
    assert.deepEqual(hello.limits, { max_frame: maxFrameBytes, max_inflight_cmds: 16 });
  });

  test("after the welcome come the whole state and every event from the first", async () => {
    await using ground = await openGround();
    await ground.tick(9);
    await using met = await meet(ground);
    met.controller.send(welcome());
    const { full, at_seq } = await met.controller.next("state");
    assert.deepEqual(full, JSON.parse(JSON.stringify(ground.state())));
    assert.equal(at_seq, 11);
    assert.deepEqual(seqs(await met.controller.received(11)), numbers(1, 11));
    assert.deepEqual(ground.told("controller.connected"), [
      { controller: "c", direction: "outbound", session: "s-1", peer: "control" },
    ]);
  });

  test("a controller that does not welcome in time is closed with 4408", async () => {
    const clock = new FakeClock();
    await using ground = await openGround({ clock });
    await using met = await meet(ground);
    await met.controller.next("hello");
    clock.advance(9_999);
    met.controller.sendText("still here");
    await met.controller.next("error");
    clock.advance(1);
    assert.deepEqual(await met.controller.closed, { code: 4408, reason: "no welcome came in time" });
    assert.equal(clock.waiting, 0);
    assert.deepEqual(ground.told("controller.disconnected"), []);
  });

  test("a controller that begins with anything but welcome is closed with 1002", async () => {
    await using ground = await openGround();
    await using met = await meet(ground);
    met.controller.send({ t: "want_state" });
    assert.deepEqual(await met.controller.closed, {
      code: 1002,
      reason: "the first frame must be welcome, not want_state",
    });
  });

  test("a controller may say why it does not welcome, before it goes", async () => {
    await using ground = await openGround();
    await using met = await meet(ground);
    met.controller.send({ t: "error", code: "busy", message: "too many agents" });
    met.controller.send({ t: "goaway", reason: "too many agents", retry_after_s: 90 });
    const { code, retryAfterMs } = await met.ended;
    assert.deepEqual({ code, retryAfterMs }, { code: 1000, retryAfterMs: 90_000 });
  });

  test("a controller of another protocol version is told so and closed with 4426", async () => {
    await using ground = await openGround();
    await using met = await meet(ground);
    met.controller.send(welcome({ proto: 99 }));
    assert.equal((await met.controller.next("error")).code, "no-common-version");
    assert.equal((await met.controller.closed).code, 4426);
  });

  test("a second welcome is a fault and changes nothing", async () => {
    await using ground = await openGround();
    await using met = await welcomed(ground);
    met.controller.send(welcome({ resume: { from: 1 } }));
    assert.equal((await met.controller.next("error")).code, "bad-protocol");
    await ground.tick();
    assert.deepEqual(seqs(await met.controller.received(4)), [1, 2, 3, 4]);
  });

  test("a controller that connects by itself is known by its token and the id it gives itself", async () => {
    await using ground = await openGround();
    await using met = await welcomed(ground, { peer: { name: "http-ops", direction: "inbound" } });
    await met.controller.received(2);
    assert.equal(ground.told("controller.connected")[0]?.controller, "http-ops/c-1");
  });

  test("an id that cannot be a part of a file's name does no harm", async () => {
    await using ground = await openGround();
    for (const id of ["../../x", "ж".repeat(128), "\ud800", "", "a/b"]) {
      await using met = await welcomed(ground, {
        peer: { name: "http-ops", direction: "inbound" },
        welcome: { controller: { id, name: "", version: "" } },
      });
      met.controller.send({
        t: "ack",
        epoch: ground.epoch,
        upto: seqs(await met.controller.received(1))[0],
      });
      await met.controller.settled();
    }
    for (const { controller } of ground.told("controller.connected")) {
      assert.match(controller, /^http-ops\/[0-9a-f]{16}$/);
      assert.ok(ground.cursors.get(controller, ground.epoch) > 0);
    }
  });
});

suite("wrong frames", () => {
  test("binary frames are refused with 1003", async () => {
    await using ground = await openGround();
    await using met = await welcomed(ground);
    met.controller.socket.send(Buffer.from('{"t":"want_state"}'));
    assert.deepEqual(await met.controller.closed, { code: 1003, reason: "frames are text" });
  });

  test("a frame above the limit is refused with 1009", async () => {
    await using ground = await openGround();
    await using met = await welcomed(ground);
    met.controller.sendText("x".repeat(maxFrameBytes + 1));
    assert.equal((await met.controller.closed).code, 1009);
    const { code } = await met.ended;
    assert.equal(ground.told("controller.disconnected")[0]?.code, code);
  });

  test("unknown kinds and broken frames are answered, told once each, and the link stays up", async () => {
    await using ground = await openGround();
    await using met = await welcomed(ground);
    for (const text of ['{"t":"config_offer"}', '{"t":"config_offer"}', "nonsense", "[]", '{"t":"ack"}'])
      met.controller.sendText(text);
    const codes: string[] = [];
    for (let n = 0; n < 5; n++) codes.push((await met.controller.next("error")).code);
    assert.deepEqual(codes, ["unknown-kind", "unknown-kind", "bad-request", "bad-request", "bad-request"]);
    assert.deepEqual(
      ground.told("controller.faulted").map(({ code }) => code),
      ["unknown-kind", "bad-request"],
    );
    met.controller.send({ t: "want_state" });
    await met.controller.next("state");
  });

  test("unknown fields are nobody's fault", async () => {
    await using ground = await openGround();
    await using met = await meet(ground);
    met.controller.send({ ...welcome(), role: "lead", lease: { id: "l-1" } });
    await met.controller.next("state");
    met.controller.send({ t: "want_state", urgency: 11 });
    await met.controller.next("state");
    assert.deepEqual(met.controller.pending("error"), []);
  });

  test("a controller that goes on sending garbage is closed with 1002, and gives no more orders", async () => {
    await using ground = await openGround();
    await using met = await welcomed(ground);
    for (let n = 0; n < 16; n++) met.controller.sendText("nonsense");
    met.controller.send({ t: "cmd", id: "late", name: "config.reload" });
    assert.deepEqual(await met.controller.closed, { code: 1002, reason: "too many wrong frames" });
    await met.ended;
    assert.deepEqual(ground.told("command.accepted"), []);
    assert.equal(met.controller.pending("error").length, 16);
  });
});

suite("ending", () => {
  test("a controller that stays silent is cut off, and the journal is told", async () => {
    const clock = new FakeClock();
    await using ground = await openGround({ clock });
    await using met = await welcomed(ground, { welcome: { heartbeat_s: 10 } });
    clock.advance(20_000);
    await met.controller.next("heartbeat");
    clock.advance(10_000);
    assert.equal((await met.controller.closed).code, 1006);
    const { code } = await met.ended;
    assert.equal(code, 1006);
    assert.equal(ground.told("controller.disconnected").length, 1);
    assert.equal(clock.waiting, 0);
  });

  test("a stopping agent says goodbye and closes with 1001", async () => {
    await using ground = await openGround();
    const stop = new AbortController();
    await using met = await welcomed(ground, { signal: stop.signal });
    stop.abort();
    assert.equal((await met.controller.next("bye")).reason, "the agent is stopping");
    assert.equal((await met.controller.closed).code, 1001);
    await met.ended;
    assert.equal(ground.told("controller.disconnected")[0]?.code, 1001);
  });

  test("a session that begins while the agent stops ends at once", async () => {
    await using ground = await openGround();
    await using met = await meet(ground, { signal: AbortSignal.abort() });
    assert.equal((await met.controller.closed).code, 1001);
    await met.ended;
  });

  test("a goaway ends the session, with the time after which to come back", async () => {
    await using ground = await openGround();
    await using met = await welcomed(ground);
    met.controller.send({ t: "goaway", reason: "upgrade", retry_after_s: 120 });
    const { code, retryAfterMs, welcomedMs } = await met.ended;
    assert.deepEqual({ code, retryAfterMs }, { code: 1000, retryAfterMs: 120_000 });
    assert.ok(welcomedMs > 0);
  });

  test("an older session of the same name ends before the newer one begins, in the journal too", async () => {
    await using ground = await openGround();
    let supersede = (): void => undefined;
    const claim = (_: string, end: () => void): (() => void) => {
      supersede();
      supersede = end;
      return () => undefined;
    };
    await using older = await welcomed({ ...ground, claim });
    older.controller.socket.pause(); // It does not answer the close frame.
    await using newer = await welcomed({ ...ground, claim });
    assert.deepEqual(
      ground.published.map(({ type }) => type).filter((type) => type.startsWith("controller.")),
      ["controller.connected", "controller.disconnected", "controller.connected"],
    );
    assert.equal(ground.state().controllers.c?.connected, true);
    older.controller.socket.resume();
    assert.equal((await older.controller.closed).code, 4409);
    await older.ended;
    assert.equal(ground.state().controllers.c?.connected, true);
    newer.controller.send({ t: "want_state" });
    await newer.controller.next("state");
  });
});
