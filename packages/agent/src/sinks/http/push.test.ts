import assert from "node:assert/strict";
import { test } from "node:test";
import { notFound } from "@ostler/protocol";
import { ask, bearer, problemIn, serve } from "../../testing/http-sink.js";
import type { Pushed } from "./route.js";

/** An agent that takes down what services say of themselves. */
async function listening(settings: object = {}) {
  const heard: Pushed[] = [];
  const push = (pushed: Pushed): void => {
    if (pushed.check !== "beat") throw notFound("check", pushed.check, ["beat"]);
    heard.push(pushed);
  };
  const agent = await serve(settings, { deps: { push } });
  const url = `${agent.url}/v1/checks/web/beat`;
  return { heard, url, [Symbol.asyncDispose]: () => agent[Symbol.asyncDispose]() };
}

test("a service says that it is well by a request without a body", async () => {
  await using it = await listening();
  const { heard, url } = it;
  assert.equal((await ask(url, { method: "POST" })).status, 202);
  assert.deepEqual(heard, [{ service: "web", check: "beat", status: "passed", reason: "the service says so itself" }]);
});

test("it says that it is not well with a reason", async () => {
  await using it = await listening();
  const { heard, url } = it;
  const body = JSON.stringify({ status: "failed", reason: "no database" });
  assert.equal((await ask(url, { method: "POST", body })).status, 202);
  assert.deepEqual(heard[0], { service: "web", check: "beat", status: "failed", reason: "no database" });
});

test("the secret of a check is handed on, and no other header", async () => {
  await using it = await listening();
  await ask(it.url, { method: "POST", headers: { "x-push-secret": "hush", "x-other": "1" } });
  assert.deepEqual(Object.keys(it.heard[0] ?? {}), ["service", "check", "status", "reason", "secret"]);
});

test("nonsense, a check that is not there, and a stranger are refused", async () => {
  await using it = await listening({ tokens: [{ id: "r", secret: "r".repeat(20), scopes: ["read"] }] });
  const known = bearer("r".repeat(20));
  const say = async (more: object, url = it.url): Promise<string> =>
    problemIn(await ask(url, { method: "POST", ...known, ...more }));
  assert.equal(await say({ body: "{" }), "400 bad-request");
  assert.equal(await say({ body: JSON.stringify({ status: "great" }) }), "400 bad-request");
  assert.equal(await say({ body: JSON.stringify({ reason: "x".repeat(10_000) }) }), "413 too-large");
  assert.equal(await say({ headers: {} }), "401 unauthorized");
  assert.equal(await say({}, it.url.replace("beat", "nope")), "404 not-found");
  assert.deepEqual(it.heard, []);
});
