import assert from "node:assert/strict";
import { test } from "node:test";
import { ask, bearer, problemIn, serve } from "../../testing/http-sink.js";

const tokens = [
  { id: "reader", secret: "read-secret" },
  { id: "writer", secret: "write-secret", scopes: ["write"] },
  { id: "boss", secret: "admin-secret", scopes: ["admin"] },
];
const command = (name: string): string =>
  JSON.stringify({ name, args: name === "config.reload" ? {} : { service: "web" } });

test("without tokens everybody on this host may read, and nobody may change anything", async () => {
  await using agent = await serve();
  assert.equal((await ask(`${agent.url}/v1/state`)).status, 200);
  const refused = await ask(`${agent.url}/v1/commands`, { method: "POST", body: command("service.start") });
  assert.equal(problemIn(refused), "403 not-permitted");
  assert.deepEqual(agent.ran, []);
});

test("with tokens nothing is answered without one, also not what is not there", async () => {
  await using agent = await serve({ tokens });
  for (const path of ["/health", "/metrics", "/v1/state", "/v1/commands", "/nothing"]) {
    const answer = await ask(agent.url + path);
    assert.equal(problemIn(answer), "401 unauthorized");
    assert.equal(answer.headers["www-authenticate"], 'Bearer realm="ostler"');
  }
});

test("every wrong token gets the very same answer", async () => {
  await using agent = await serve({ tokens });
  const wrong = ["x", "read-secre", "read-secret2", "READ-SECRET", "admin-secre", "a".repeat(4000)];
  const answers = await Promise.all(wrong.map((token) => ask(`${agent.url}/health`, bearer(token))));
  assert.deepEqual(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size, 1);
  assert.equal(problemIn(answers[0] ?? assert.fail()), "401 unauthorized");
});

test("a token counts only as a bearer's", async () => {
  await using agent = await serve({ tokens });
  const headers = ["Basic read-secret", "read-secret", "Bearer", "Bearer ", "Bearer read secret"];
  for (const authorization of headers)
    assert.equal((await ask(`${agent.url}/health`, { headers: { authorization } })).status, 401, authorization);
  assert.equal((await ask(`${agent.url}/health`, { headers: { authorization: "bearer  read-secret" } })).status, 200);
  assert.equal((await ask(`${agent.url}/health?token=read-secret`)).status, 401);
});

test("a token may do what its scope says, and what lesser scopes say", async () => {
  await using agent = await serve({ tokens });
  const may = async (token: string, name: string): Promise<number> =>
    (await ask(`${agent.url}/v1/commands?wait`, { method: "POST", body: command(name), ...bearer(token) })).status;
  assert.deepEqual([await may("read-secret", "service.start"), await may("read-secret", "config.reload")], [403, 403]);
  assert.deepEqual(
    [await may("write-secret", "service.start"), await may("write-secret", "config.reload")],
    [200, 403],
  );
  assert.deepEqual(
    [await may("admin-secret", "service.start"), await may("admin-secret", "config.reload")],
    [200, 200],
  );
  for (const { secret } of tokens) assert.equal((await ask(`${agent.url}/v1/state`, bearer(secret))).status, 200);
});

test("a command carries the name of the token that sent it", async () => {
  await using agent = await serve({ tokens });
  await ask(`${agent.url}/v1/commands?wait`, {
    method: "POST",
    body: command("service.stop"),
    ...bearer("write-secret"),
  });
  assert.deepEqual(
    agent.ran.map(({ context }) => context.actor),
    [{ kind: "http", name: "writer" }],
  );
});

test("a web page that calls us by a name of its own is refused where no token is asked for", async () => {
  await using agent = await serve();
  const asHost = (host: string): Promise<{ status: number }> => ask(`${agent.url}/v1/state`, { headers: { host } });
  for (const host of ["evil.example", "evil.example:9680", "localhost.evil.example", "127.0.0.1.evil.example"]) {
    const answer = await ask(`${agent.url}/v1/state`, { headers: { host } });
    assert.equal(problemIn(answer), "403 not-permitted", host);
  }
  for (const host of ["localhost", "localhost:9680", "LOCALHOST", "127.0.0.1", "127.0.0.1:80", "[::1]", "[::1]:9680"])
    assert.equal((await asHost(host)).status, 200, host);
});

test("who has a token may call us by any name", async () => {
  await using agent = await serve({ tokens });
  const headers = { host: "agent.example", ...bearer("read-secret").headers };
  assert.equal((await ask(`${agent.url}/v1/state`, { headers })).status, 200);
});

test("over the control socket everything is allowed, whatever the tokens", async () => {
  await using agent = await serve({ tokens });
  const answer = await ask("/v1/commands?wait", {
    method: "POST",
    body: command("config.reload"),
    socketPath: agent.socket,
  });
  assert.equal(answer.status, 200);
  assert.deepEqual(
    agent.ran.map(({ context }) => context.actor),
    [{ kind: "cli", name: "local" }],
  );
});

test("networks that are not allowed are refused, tokens or not; the control socket is not asked", async () => {
  await using closed = await serve({ allow_cidr: ["10.0.0.0/8", "fd00::/8"] });
  const refused = await ask(`${closed.url}/health`);
  assert.equal(problemIn(refused), "403 not-permitted");
  assert.match(refused.text, /127\.0\.0\.1 is in none of the networks of http\.allow_cidr/);
  assert.equal((await ask("/health", { socketPath: closed.socket })).status, 200);
  await using open = await serve({ allow_cidr: ["10.0.0.0/8", "127.0.0.0/8"], tokens });
  assert.equal((await ask(`${open.url}/health`, bearer("read-secret"))).status, 200);
});

test("the listener for probes answers probes to anybody, and nothing else", async () => {
  await using agent = await serve({ tokens, probes: "127.0.0.1:0" });
  const probes = agent.http.urls.probes ?? assert.fail();
  for (const path of ["/health", "/metrics"]) assert.equal((await ask(probes + path)).status, 200);
  assert.equal((await ask(`${probes}/ready`)).text, "READY\n");
  for (const path of [
    "/healthz",
    "/version",
    "/v1/state",
    "/v1/config",
    "/v1/events",
    "/v1/commands/x",
    "/debug/report",
  ])
    assert.equal(problemIn(await ask(probes + path)), "404 not-found");
  const post = await ask(`${probes}/v1/commands`, {
    method: "POST",
    body: command("service.stop"),
    ...bearer("admin-secret"),
  });
  assert.equal(post.status, 404);
});
