import assert from "node:assert/strict";
import { test } from "node:test";
import { seqOf, subprotocol } from "@ostler/protocol";
import type { ControllerConfig } from "../../config/controllers.js";
import { keepDialing, type DialerDeps } from "./dialer.js";
import { closing, openDoor, stay } from "../../testing/controller-door.js";
import { openGround, type Ground } from "../../testing/controllers-sink.js";
import { FakeClock } from "../../testing/fake-clock.js";
import { until } from "../../testing/until.js";

type Dialing = AsyncDisposable & { ground: Ground; clock: FakeClock };

/** An agent that keeps dialing, on a clock that the test turns by hand. */
async function dialing(config: Partial<ControllerConfig> & { url: string }, random = 1 - 1e-12): Promise<Dialing> {
  const clock = new FakeClock();
  const ground = await openGround({ clock });
  const stop = new AbortController();
  const deps: DialerDeps = { ...ground, random: () => random, claim: () => () => undefined };
  const done = keepDialing({ name: "c", commands: [], ...config }, deps, stop.signal);
  return {
    ground,
    clock,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await done;
      await ground[Symbol.asyncDispose]();
    },
  };
}

/** The first `count` waits between attempts, in ms; none of them takes any time. */
async function waits(count: number, { clock }: Dialing): Promise<number[]> {
  for (let n = 1; n <= count; n++) {
    await until(() => clock.slept.length === n, `attempt ${n} has ended`);
    if (n < count) clock.advance(clock.slept[n - 1] ?? 0);
  }
  return clock.slept;
}

function reasons({ ground }: Dialing): string[] {
  return ground.told("controller.unreachable").map(({ reason }) => reason);
}

test("the agent offers the subprotocol and its token, and never puts the token into the URL", async () => {
  await using door = await openDoor();
  await using agent = await dialing({ url: door.url, token: "secret" });
  await until(() => agent.ground.told("controller.connected").length === 1, "it is connected");
  const [request] = door.requests;
  assert.equal(request?.headers.authorization, "Bearer secret");
  assert.equal(request.headers["sec-websocket-protocol"], subprotocol);
  assert.equal(request.url, "/agents");
});

test("a controller that cannot be reached is told of once, and again when the reason changes", async () => {
  await using door = await openDoor("502 Bad Gateway", "502 Bad Gateway", "503 Service Unavailable", closing(1013));
  await using agent = await dialing({ url: door.url });
  await waits(6, agent);
  assert.deepEqual(reasons(agent), [
    "it answered 502 Bad Gateway",
    "it answered 503 Service Unavailable",
    "it closed with 1013",
  ]);
});

test("after a session the same trouble is news again", async () => {
  await using door = await openDoor("502 Bad Gateway", stay, "502 Bad Gateway");
  await using agent = await dialing({ url: door.url });
  await waits(1, agent);
  agent.clock.advance(60_000);
  await until(() => agent.ground.told("controller.connected").length === 1, "it is connected");
  await door.controllers[0]?.[Symbol.asyncDispose]();
  await until(() => agent.clock.slept.length === 2, "the session has ended");
  agent.clock.advance(60_000);
  await until(() => reasons(agent).length === 2, "it is told again");
});

test("the wait before the next attempt doubles up to a minute", async () => {
  await using door = await openDoor("502 Bad Gateway");
  await using agent = await dialing({ url: door.url });
  assert.deepEqual(await waits(8, agent), [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
});

test("the wait is anything between nothing and its bound, so that a fleet does not come back in step", async () => {
  await using door = await openDoor("502 Bad Gateway");
  await using agent = await dialing({ url: door.url }, 0.25);
  assert.deepEqual(await waits(4, agent), [250, 500, 1000, 2000]);
});

test("a refused token slows down, says so, and never gives up", async () => {
  await using door = await openDoor(
    "401 Unauthorized",
    "403 Forbidden",
    closing(4401),
    closing(4403),
    "401 Unauthorized",
  );
  await using agent = await dialing({ url: door.url, token: "old" });
  assert.deepEqual(await waits(5, agent), [300_000, 600_000, 1_200_000, 2_400_000, 3_600_000]);
  assert.deepEqual(reasons(agent), [
    "it answered 401 Unauthorized",
    "it answered 403 Forbidden",
    "it refuses the token",
    "it answered 401 Unauthorized",
  ]);
});

test("Retry-After wins where it is longer, up to an hour", async () => {
  const busy = (seconds: string): string => `503 Service Unavailable\r\nretry-after: ${seconds}`;
  await using door = await openDoor(busy("120"), busy("1"), busy("999999"), busy("soon"));
  await using agent = await dialing({ url: door.url });
  assert.deepEqual(await waits(4, agent), [120_000, 2000, 3_600_000, 8000]);
});

test("a controller that asks for time gets it", async () => {
  await using door = await openDoor((controller) => {
    stay(controller);
    controller.send({ t: "goaway", reason: "upgrade", retry_after_s: 90 });
  });
  await using agent = await dialing({ url: door.url });
  assert.deepEqual(await waits(1, agent), [90_000]);
});

test("an agent that was pushed out by another of its name does not fight back at once", async () => {
  await using door = await openDoor(closing(4409));
  await using agent = await dialing({ url: door.url });
  assert.deepEqual(await waits(2, agent), [30_000, 30_000]);
});

test("sessions that are short do not shorten the wait, a good one does", async () => {
  await using door = await openDoor("502 Bad Gateway", "502 Bad Gateway", stay, stay);
  await using agent = await dialing({ url: door.url });
  await waits(3 - 1, agent);
  agent.clock.advance(60_000);
  for (const [session, lastedMs] of [1000, 61_000].entries()) {
    const { ground, clock } = agent;
    await until(() => ground.told("controller.connected").length === session + 1, "it is connected");
    const controller = door.controllers[session];
    for (let ms = 0; ms < lastedMs; ms += 1000) {
      controller?.send({ t: "want_state" });
      await controller?.next("state");
      clock.advance(1000);
    }
    await controller?.[Symbol.asyncDispose]();
    await until(() => clock.slept.length === 3 + session, "the session has ended");
    clock.advance(60_000);
  }
  assert.deepEqual(agent.clock.slept, [1000, 2000, 4000, 1000]);
});

test("after a reconnect the events go on behind the last one acknowledged", async () => {
  await using door = await openDoor();
  await using agent = await dialing({ url: door.url });
  const { ground, clock } = agent;
  await ground.tick(5);
  const seen: number[] = [];
  for (let round = 0; round < 3; round++) {
    const controller = await until(() => door.controllers[round], "it connects");
    await until(() => controller.events.length >= 2, "events come");
    const upto = controller.events.map(seqOf).at(-1) ?? 0;
    seen.push(...controller.events.map(seqOf));
    controller.send({ t: "ack", epoch: ground.epoch, upto });
    await controller.settled();
    await controller[Symbol.asyncDispose]();
    await until(() => clock.slept.length === round + 1, "the session has ended");
    await ground.tick(5);
    clock.advance(60_000);
  }
  assert.deepEqual(
    seen,
    Array.from({ length: seen.length }, (_, at) => at + 1),
  );
});

test("a certificate file that cannot be read is a reason, and not the end", async () => {
  await using agent = await dialing({ url: "wss://127.0.0.1:1/", tls: { ca: "/nonexistent/ca.pem" } });
  await waits(2, agent);
  assert.equal(reasons(agent).length, 1);
  assert.match(reasons(agent)[0] ?? "", /ENOENT.*ca\.pem/);
});

test("a place where nobody listens is a reason, and not the end", async () => {
  await using agent = await dialing({ url: "ws://127.0.0.1:1/" });
  await waits(2, agent);
  assert.deepEqual(reasons(agent), ["connect ECONNREFUSED 127.0.0.1:1"]);
});

test("a controller gets only the commands that the configuration allows it", async () => {
  await using door = await openDoor();
  await using agent = await dialing({ url: door.url, commands: ["service.stop", "config.*"] });
  await until(() => agent.ground.told("controller.connected").length === 1, "it is connected");
  const { caps = [] } = (await door.controllers[0]?.next("hello")) ?? {};
  assert.deepEqual(caps.filter((name) => name.includes(".")).sort(), [
    "config.plan",
    "config.reload",
    "events.resume",
    "service.stop",
  ]);
});
