import assert from "node:assert/strict";
import { test } from "node:test";
import { matchRoute, type Route } from "./route.js";

const route = (method: Route["method"], path: string): Route => ({ method, path, scope: "read", answer: () => {} });
const routes = [
  route("GET", "/health"),
  route("POST", "/v1/commands"),
  route("GET", "/v1/commands/:id"),
  route("GET", "/both"),
  route("POST", "/both"),
];

/** What a request finds, in a word or two. */
function find(method: string, path: string): string {
  const match = matchRoute(routes, method, path);
  if (match.found === "route") return `${match.route.method} ${match.route.path} ${JSON.stringify(match.params)}`;
  return match.found === "method" ? `only ${match.allow.join(", ")}` : "nothing";
}

test("a path finds its route, and HEAD goes where GET goes", () => {
  assert.equal(find("GET", "/health"), "GET /health {}");
  assert.equal(find("HEAD", "/health"), "GET /health {}");
  assert.equal(find("POST", "/both"), "POST /both {}");
});

test("a segment with a colon takes anything, decoded", () => {
  assert.equal(find("GET", "/v1/commands/a%20b%2Fc"), 'GET /v1/commands/:id {"id":"a b/c"}');
  assert.equal(find("GET", "/v1/commands/%zz"), 'GET /v1/commands/:id {"id":"%zz"}');
});

test("a path that only resembles a route finds nothing", () => {
  for (const path of ["/", "/healthy", "/health/", "/Health", "/v1/commands/a/b", "/v1", ""])
    assert.equal(find("GET", path), "nothing");
});

test("a method that a path does not take is told those that it takes", () => {
  assert.equal(find("POST", "/health"), "only GET, HEAD");
  assert.equal(find("GET", "/v1/commands"), "only POST");
  assert.equal(find("DELETE", "/both"), "only GET, HEAD, POST");
});
