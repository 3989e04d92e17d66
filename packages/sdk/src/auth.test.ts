import assert from "node:assert/strict";
import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { test } from "node:test";
import { tokens } from "./auth.js";

const authenticate = tokens({ "node-a": "secret-a", "node-b": "secret-b" });

function hostWith(authorization?: string): string | undefined {
  const request = new IncomingMessage(new Socket());
  if (authorization !== undefined) request.headers.authorization = authorization;
  return authenticate(request);
}

test("a secret tells which host it is", () => {
  assert.equal(hostWith("Bearer secret-a"), "node-a");
  assert.equal(hostWith("bearer  secret-b"), "node-b");
});

test("nobody is let in without a secret, with a wrong one, or with a part of one", () => {
  for (const header of [
    undefined,
    "",
    "Bearer",
    "Bearer ",
    "Bearer secret",
    "Bearer secret-aa",
    "Basic secret-a",
    "secret-a",
  ])
    assert.equal(hostWith(header), undefined);
});
