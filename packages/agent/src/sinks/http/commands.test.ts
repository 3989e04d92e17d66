import assert from "node:assert/strict";
import { request } from "node:http";
import { test } from "node:test";
import { until } from "../../testing/until.js";
import { ask, problemIn, serve, type Answer, type Served } from "../../testing/http-sink.js";

const start = { name: "service.start", args: { service: "web" } };

const post = ({ socket }: Served, body: unknown, path = "/v1/commands"): Promise<Answer> =>
  ask(path, { method: "POST", body: typeof body === "string" ? body : JSON.stringify(body), socketPath: socket });
const get = ({ socket }: Served, path: string): Promise<Answer> => ask(path, { socketPath: socket });

/** An action that goes on until it is let go. */
function gate(): { act: () => Promise<object>; open: () => void } {
  let open = (): void => {};
  const opened = new Promise<object>((resolve) => (open = () => resolve({ done: true })));
  return { act: () => opened, open };
}

test("a command is accepted at once with its id, and its result is there later", async () => {
  const { act, open } = gate();
  await using agent = await serve({}, { act });
  const accepted = await post(agent, { ...start, id: "one" });
  assert.deepEqual([accepted.status, accepted.json()], [202, { id: "one", status: "accepted" }]);
  assert.equal(accepted.headers.location, "/v1/commands/one");
  const running = await get(agent, "/v1/commands/one");
  assert.equal(running.status, 202);
  assert.equal((running.json() as { outcome?: string }).outcome, undefined);
  open();
  const finished = await until(async () => {
    const answer = await get(agent, "/v1/commands/one");
    return answer.status === 200 ? answer : undefined;
  });
  const { outcome, name, actor } = finished.json() as Record<string, unknown>;
  assert.deepEqual(
    { outcome, name, actor },
    { outcome: "succeeded", name: "service.start", actor: { kind: "cli", name: "local" } },
  );
});

test("an id is made up where none is given", async () => {
  await using agent = await serve();
  const { id } = (await post(agent, start)).json() as { id: string };
  assert.match(id, /^[0-9a-f-]{36}$/);
});

test("whoever waits gets the result itself", async () => {
  await using agent = await serve({}, { act: async () => ({ answer: 42 }) });
  const { status, json } = await post(agent, { ...start, id: "two", reason: "because" }, "/v1/commands?wait");
  const { id, outcome, data, lastSeq } = json() as Record<string, unknown>;
  assert.deepEqual([status, id, outcome, data], [200, "two", "succeeded", { answer: 42 }]);
  assert.equal(lastSeq, agent.bus.state.seq);
  assert.equal(agent.ran[0]?.context.reason, "because");
});

test("a command that fails is a result, not an error of HTTP", async () => {
  await using agent = await serve({}, { act: () => Promise.reject(new Error("it is on fire")) });
  const { status, json } = await post(agent, start, "/v1/commands?wait");
  const { outcome, message } = json() as Record<string, unknown>;
  assert.deepEqual([status, outcome, message], [200, "failed", "it is on fire"]);
});

test("the same id runs once, however often it is sent", async () => {
  await using agent = await serve();
  const first = await post(agent, { ...start, id: "same" }, "/v1/commands?wait");
  const again = await post(agent, { ...start, id: "same" }, "/v1/commands?wait");
  assert.deepEqual((again.json() as { outcome: string }).outcome, (first.json() as { outcome: string }).outcome);
  assert.equal((await post(agent, { ...start, id: "same" })).text, '{"id":"same","status":"duplicate"}\n');
  assert.equal(agent.ran.length, 1);
});

test("a command may be given a time, after which it has failed", async () => {
  await using agent = await serve(
    {},
    {
      act: ({ signal }) =>
        new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("stopped")))),
    },
  );
  const { code } = (await post(agent, { ...start, timeout_s: 0.05 }, "/v1/commands?wait")).json() as { code: string };
  assert.equal(code, "timed-out");
});

test("what is no command is refused with the reason, and does nothing", async () => {
  await using agent = await serve();
  const refusals: [unknown, string, RegExp][] = [
    ["{", "400 bad-request", /not JSON/],
    ["", "400 bad-request", /not JSON/],
    ["[]", "400 bad-request", /not a command/],
    [{}, "400 bad-request", /not a command: .*name/s],
    [{ ...start, nmae: 1 }, "400 bad-request", /nmae/],
    [{ name: "service.explode", args: {} }, "404 unknown-command", /service\.explode/],
    [{ name: "service.start", args: {} }, "400 invalid-args", /service/],
    [{ name: "service.start", args: { service: 5 } }, "400 invalid-args", /service/],
  ];
  for (const [body, code, detail] of refusals) {
    const answer = await post(agent, body);
    assert.equal(problemIn(answer), code, JSON.stringify(body));
    assert.match((answer.json() as { detail: string }).detail, detail);
  }
  assert.deepEqual(agent.ran, []);
});

test("a body that is too large is refused, also while it is still being sent", async () => {
  await using agent = await serve();
  for (const bytes of [64 * 1024 + 1, 4 * 1024 * 1024])
    assert.equal(problemIn(await post(agent, "x".repeat(bytes))), "413 too-large", `${bytes} bytes`);
  const large = { ...start, reason: "x".repeat(4096) };
  assert.equal((await post(agent, large)).status, 202);
});

test("a sender that goes away in the middle of its body leaves nothing behind", async () => {
  await using agent = await serve();
  const sent = request({
    socketPath: agent.socket,
    path: "/v1/commands",
    method: "POST",
    headers: { "content-length": "1000" },
  });
  sent.on("error", () => {});
  sent.write("{");
  await until(() => sent.socket?.writableLength === 0, "the beginning is sent");
  sent.destroy();
  assert.equal((await post(agent, start)).status, 202);
  await until(() => agent.ran.length === 1);
});

test("a command that nobody remembers is not found, whatever its name", async () => {
  await using agent = await serve();
  for (const id of ["nope", "constructor", "__proto__", "a%2Fb"])
    assert.equal(problemIn(await get(agent, `/v1/commands/${id}`)), "404 not-found");
});
