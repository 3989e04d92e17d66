import assert from "node:assert/strict";
import { test } from "node:test";
import { aborted } from "../../testing/aborted.js";
import { openGround } from "../../testing/controllers-sink.js";
import { welcomed } from "../../testing/raw-controller.js";
import { until } from "../../testing/until.js";

test("a command is accepted, runs, and has its data as the result", async () => {
  const plan = { hash: "h2", changes: [] };
  await using ground = await openGround({ handlers: { "config.plan": async () => plan } });
  await using met = await welcomed(ground);
  met.controller.send({ t: "cmd", id: "k", name: "config.plan", reason: "to see" });
  assert.deepEqual(await met.controller.next("cmd_ack"), { t: "cmd_ack", id: "k", status: "accepted" });
  const { status, data } = await met.controller.next("cmd_result");
  assert.deepEqual({ status, data }, { status: "succeeded", data: plan });
  const [accepted] = ground.told("command.accepted");
  assert.deepEqual(
    { actor: accepted?.actor, reason: accepted?.reason },
    { actor: { kind: "controller", name: "c" }, reason: "to see" },
  );
});

test("a result names the last event of its story, and that event comes", async () => {
  await using ground = await openGround();
  await using met = await welcomed(ground);
  met.controller.send({ t: "cmd", id: "k", name: "service.stop", args: { service: "vcon" } });
  const { last_seq } = await met.controller.next("cmd_result");
  await met.controller.received(last_seq);
  assert.deepEqual(
    met.controller.events.slice(-2).map(({ type }) => type),
    ["ostler.command.accepted", "ostler.command.finished"],
  );
});

test("a command that fails says why", async () => {
  const fail = (): Promise<never> => Promise.reject(new Error("the unit is masked"));
  await using ground = await openGround({ handlers: { "service.start": fail } });
  await using met = await welcomed(ground);
  met.controller.send({ t: "cmd", id: "k", name: "service.start", args: { service: "vcon" } });
  const { status, code, message } = await met.controller.next("cmd_result");
  assert.deepEqual({ status, code, message }, { status: "failed", code: "internal", message: "the unit is masked" });
});

const refusals: Record<string, { name: string; args?: Record<string, unknown>; code: string }> = {
  "that the configuration does not allow this controller": { name: "config.reload", code: "not-permitted" },
  "that needs another scope": { name: "config.plan", code: "not-permitted" },
  "that does not exist": { name: "host.explode", code: "unknown-command" },
  "with wrong arguments": { name: "service.stop", args: { service: 7 }, code: "invalid-args" },
};
for (const [which, { code, ...command }] of Object.entries(refusals))
  test(`a command ${which} is refused and does nothing`, async () => {
    await using ground = await openGround();
    const authority = { scopes: ["write" as const], commands: ["service.*", "config.plan", "host.*"] };
    await using met = await welcomed(ground, { peer: { authority } });
    met.controller.send({ t: "cmd", id: "k", ...command });
    const ack = await met.controller.next("cmd_ack");
    assert.deepEqual({ status: ack.status, code: ack.code }, { status: "rejected", code });
    assert.deepEqual(ground.told("command.accepted"), []);
    assert.equal(ground.told("command.rejected")[0]?.code, code);
  });

test("without a list of allowed commands in the configuration there are none", async () => {
  await using ground = await openGround();
  await using met = await welcomed(ground, { peer: { authority: { scopes: ["admin"], commands: [] } } });
  met.controller.send({ t: "cmd", id: "k", name: "service.stop", args: { service: "vcon" } });
  assert.equal((await met.controller.next("cmd_ack")).code, "not-permitted");
});

test("the same id twice runs once: the second is a duplicate and has the same result", async () => {
  let runs = 0;
  const gate = latch();
  const count = async (): Promise<{ hash: string; changes: [] }> => {
    runs++;
    await gate.opened;
    return { hash: `run ${runs}`, changes: [] };
  };
  await using ground = await openGround({ handlers: { "config.reload": count } });
  await using met = await welcomed(ground);
  const command = { t: "cmd", id: "k", name: "config.reload" };
  met.controller.send(command);
  met.controller.send(command);
  await until(() => runs === 1, "it runs");
  await until(() => met.controller.pending("cmd_ack").length === 2, "both are answered");
  gate.open();
  const first = await met.controller.next("cmd_result");
  assert.deepEqual(await met.controller.next("cmd_result"), first);
  met.controller.send(command);
  assert.deepEqual(await met.controller.next("cmd_result"), first);
  assert.deepEqual(
    met.controller
      .pending("cmd_ack")
      .map(({ status }) => status)
      .sort(),
    ["accepted", "duplicate", "duplicate"],
  );
  assert.equal(runs, 1);
});

test("a command outlives its connection, and its result is there for the next one", async () => {
  const gate = latch();
  let runs = 0;
  const slow = async (): Promise<{ hash: string; changes: [] }> => {
    runs++;
    await gate.opened;
    return { hash: "late", changes: [] };
  };
  await using ground = await openGround({ handlers: { "config.reload": slow } });
  const command = { t: "cmd", id: "k", name: "config.reload" };
  {
    await using met = await welcomed(ground);
    met.controller.send(command);
    await until(() => runs === 1, "it runs");
  }
  await using met = await welcomed(ground);
  met.controller.send(command);
  assert.equal((await met.controller.next("cmd_ack")).status, "duplicate");
  gate.open();
  assert.deepEqual((await met.controller.next("cmd_result")).data, { hash: "late", changes: [] });
  assert.equal(runs, 1);
});

test("a command can be withdrawn by the session that sent it", async () => {
  await using ground = await openGround({ handlers: { "config.reload": (_, { signal }) => aborted(signal) } });
  await using met = await welcomed(ground);
  met.controller.send({ t: "cmd", id: "k", name: "config.reload" });
  await met.controller.next("cmd_ack");
  met.controller.send({ t: "cmd_cancel", id: "k" });
  assert.equal((await met.controller.next("cmd_result")).status, "cancelled");
});

test("a command of somebody else cannot be withdrawn", async () => {
  const gate = latch();
  const slow = async (): Promise<{ hash: string; changes: [] }> => gate.opened.then(() => ({ hash: "h", changes: [] }));
  await using ground = await openGround({ handlers: { "config.reload": slow } });
  await using one = await welcomed(ground, { peer: { name: "one" } });
  await using other = await welcomed(ground, { peer: { name: "other" } });
  one.controller.send({ t: "cmd", id: "k", name: "config.reload" });
  await one.controller.next("cmd_ack");
  other.controller.send({ t: "cmd_cancel", id: "k" });
  await other.controller.settled();
  gate.open();
  assert.equal((await one.controller.next("cmd_result")).status, "succeeded");
});

test("a command that expired is not started", async () => {
  let runs = 0;
  const count = async (): Promise<{ hash: string; changes: [] }> => {
    runs++;
    return { hash: "h", changes: [] };
  };
  await using ground = await openGround({ handlers: { "config.reload": count } });
  await using met = await welcomed(ground);
  met.controller.send({ t: "cmd", id: "k", name: "config.reload", expires: "2001-01-01T00:00:00Z" });
  assert.equal((await met.controller.next("cmd_result")).status, "expired");
  assert.equal(runs, 0);
});

test("sixteen commands may be open in a session; the next is refused until one has ended", async () => {
  await using ground = await openGround({ handlers: { "service.stop": (_, { signal }) => aborted(signal) } });
  await using met = await welcomed(ground);
  const stop = (n: number): void =>
    met.controller.send({ t: "cmd", id: `k-${n}`, name: "service.stop", args: { service: `s-${n}` } });
  for (let n = 0; n < 16; n++) stop(n);
  for (let n = 0; n < 16; n++) assert.equal((await met.controller.next("cmd_ack")).status, "accepted");
  stop(16);
  const refused = await met.controller.next("cmd_ack");
  assert.deepEqual(
    { id: refused.id, status: refused.status, code: refused.code },
    { id: "k-16", status: "rejected", code: "busy" },
  );
  met.controller.send({ t: "cmd_cancel", id: "k-3" });
  assert.equal((await met.controller.next("cmd_result")).id, "k-3");
  stop(17);
  assert.equal((await met.controller.next("cmd_ack")).status, "accepted");
});

function latch(): { opened: Promise<void>; open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open: () => open() };
}
