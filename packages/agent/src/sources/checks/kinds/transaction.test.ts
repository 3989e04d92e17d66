import assert from "node:assert/strict";
import type { IncomingMessage, ServerResponse } from "node:http";
import { test } from "node:test";
import type { TransactionCheck } from "../../../config/checks/transaction.js";
import { ask, checkOf } from "../../../testing/probes.js";
import { serveHttp, type TestServer } from "../../../testing/servers.js";
import { until } from "../../../testing/until.js";
import type { Probe } from "../verdict.js";
import { transactionProbe } from "./transaction.js";

const env = { TOKEN: "t0p-s3cret", SHORT: "1" };

const transaction = (settings: object): Probe =>
  transactionProbe(checkOf<TransactionCheck>({ kind: "transaction", ...settings }), env);

type Asked = { what: string; body: string; authorization: string | undefined };

/** A store of records, as a service might be, that remembers what it was asked. `answer` may answer in its place. */
async function store(answer?: (asked: Asked, response: ServerResponse) => boolean) {
  const records = new Map<string, string>();
  const asked: Asked[] = [];
  const server: TestServer = await serveHttp((request: IncomingMessage, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      const { method = "", url = "", headers } = request;
      const one = { what: `${method} ${url}`, body, authorization: headers.authorization };
      asked.push(one);
      if (answer?.(one, response)) return;
      const id = url.slice("/records/".length);
      if (method === "POST") {
        const key = `r ${records.size + 1}`;
        records.set(key, body);
        return void response.writeHead(201).end(JSON.stringify({ uuid: key, size: body.length }));
      }
      const key = decodeURIComponent(id);
      const found = records.get(key);
      if (found === undefined) return void response.writeHead(404).end();
      if (method === "DELETE") records.delete(key);
      response.end(found);
    });
  });
  return { ...server, records, asked };
}

const create = (url: string, more: object = {}): object => ({
  name: "create",
  method: "POST",
  url: `${url}/records`,
  headers: { authorization: "Bearer {{env:TOKEN}}" },
  body: '{"id":"{{uuid}}","at":"{{now}}","unix":{{now:unix}}}',
  status: [201],
  capture: { id: "$.uuid" },
  ...more,
});
const read = (url: string, more: object = {}): object => ({ name: "read", url: `${url}/records/{{id}}`, ...more });
const remove = (url: string, more: object = {}): object => ({
  name: "remove",
  method: "DELETE",
  url: `${url}/records/{{id}}`,
  ...more,
});

test("a record is made, read and removed, with what the steps before gave", async () => {
  await using it = await store();
  const { url } = it;
  const steps = [create(url), read(url, { json: [{ path: "$.unix", at_least: 1 }], match: "[0-9a-f]{8}-" })];
  const probe = transaction({ steps, cleanup: [remove(url)] });
  assert.equal(await ask(probe), "ok");
  assert.deepEqual(
    it.asked.map(({ what }) => what),
    ["POST /records", "GET /records/r%201", "DELETE /records/r%201"],
  );
  assert.equal(it.records.size, 0);
  const [first] = it.asked;
  assert.equal(first?.authorization, "Bearer t0p-s3cret");
  const { id, at, unix } = JSON.parse(first.body) as { id: string; at: string; unix: number };
  assert.match(id, /^[0-9a-f-]{36}$/);
  assert.equal(Math.floor(Date.parse(at) / 1000), unix);
  assert.equal(await ask(probe), "ok");
  assert.notEqual((JSON.parse(it.asked[3]?.body ?? "{}") as { id: string }).id, id, "each run has an id of its own");
});

test("the first step that is not as wanted ends it, and what was made is removed all the same", async () => {
  await using it = await store();
  const { url } = it;
  const steps = [create(url), read(url, { match: "nowhere" }), { name: "never", url: `${url}/never` }];
  const reason = await ask(transaction({ steps, cleanup: [remove(url)] }));
  assert.match(reason, /^step read: GET http:\/\/.*\/records\/r%201 answered 200, but .* does not match \/nowhere\/$/);
  assert.equal(it.records.size, 0);
  assert.ok(!it.asked.some(({ what }) => what.includes("never")));
});

test("what was made is removed also when the answer to its making was not as wanted", async () => {
  await using it = await store();
  const { url } = it;
  const wrong: [more: object, reason: RegExp][] = [
    [{ json: [{ path: "$.size", at_least: 1000 }] }, /answered 201, but \$\.size is \d+, less than 1000$/],
    [{ status: [200] }, /answered 201: /],
    [{ capture: { none: "$.none", id: "$.uuid" } }, /answered 201, but there is no \$\.none for none$/],
  ];
  for (const [more, reason] of wrong) {
    assert.match(await ask(transaction({ steps: [create(url, more)], cleanup: [remove(url)] })), reason);
    assert.equal(it.records.size, 0, JSON.stringify(more));
  }
});

test("a clean-up that fails warns, and stands behind the reason of a failure; each step of it is tried", async () => {
  await using it = await store(({ what }, response) => {
    if (!what.startsWith("DELETE")) return false;
    response.writeHead(500).end();
    return true;
  });
  const { url } = it;
  const cleanup = [remove(url), remove(url, { name: "again", status: [500] })];
  assert.match(
    await ask(transaction({ steps: [create(url)], cleanup })),
    /^warning: clean-up: step remove: DELETE .* answered 500$/,
  );
  assert.equal(it.asked.length, 3);
  const steps = [create(url, { status: [200] }), read(url)];
  assert.match(
    await ask(transaction({ steps, cleanup })),
    /^step create: POST .* answered 201: [^;]*; clean-up: step remove: DELETE .* answered 500$/,
  );
});

test("a step that never answers ends with the time, and the clean-up has time of its own", async () => {
  await using it = await store(({ what }) => what.startsWith("GET"));
  const { url } = it;
  const stop = new AbortController();
  const asked = transaction({ steps: [create(url), read(url)], cleanup: [remove(url)] })(stop.signal);
  await until(() => it.asked.length === 2, "the second step is asked");
  stop.abort();
  const verdict = await asked;
  assert.match(verdict.ok ? "" : verdict.reason, /^step read: GET .*abort/);
  assert.equal(it.records.size, 0);
});

test("what cannot be captured fails with what is missing", async () => {
  await using it = await store();
  const { url } = it;
  const said = (path: string): Promise<string> => ask(transaction({ steps: [create(url, { capture: { id: path } })] }));
  assert.match(await said("$.none"), /answered 201, but there is no \$\.none for id$/);
  assert.match(await said("$"), /answered 201, but \$ is no value for id$/);
  await using plain = await serveHttp((_, response) => response.writeHead(201).end("fine"));
  const steps = [create(plain.url)];
  assert.match(await ask(transaction({ steps })), /answered 201, but not in JSON, from which id would be taken$/);
});

test("what comes from the agent's environment is not told", async () => {
  await using it = await store(({ authorization }, response) => {
    response.writeHead(401).end(`who is ${authorization}?`);
    return true;
  });
  const steps = [{ ...create(it.url), url: `${it.url}/{{env:TOKEN}}/{{env:SHORT}}`, match: "x" }];
  const reason = await ask(transaction({ steps }));
  assert.match(reason, /\/\{\{env:TOKEN\}\}\/1 answered 401: "who is Bearer \{\{env:TOKEN\}\}\?"$/);
});

test("a transaction that is withdrawn before it began asks nothing", async () => {
  await using it = await store();
  const probe = transaction({ steps: [create(it.url)], cleanup: [remove(it.url)] });
  assert.equal((await probe(AbortSignal.abort())).ok, false);
  assert.equal(it.asked.length, 0);
});
