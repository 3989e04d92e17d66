import assert from "node:assert/strict";
import { test } from "node:test";
import { loaded, problemsOf } from "../../testing/config.js";
import { redacted } from "../redact.js";
import type { CheckConfig } from "./check.js";

const file = (check: string): string => `services: {web: {command: [a], checks: [{name: up, ${check}}]}}`;
const problems = (check: string): string => problemsOf(file(check)).join("\n");
const check = (text: string): CheckConfig => loaded(file(text)).config.services.web?.checks[0] ?? assert.fail();

/** Whether the files that a check names lie beside the configuration. */
function isBeside(text: string, pick: (check: CheckConfig) => string | undefined): boolean {
  return /^\/.*\/ostler-unit-[^/]+\/f\.pem$/.test(pick(check(text)) ?? "");
}

test("an HTTP check refuses what it could not use", () => {
  const http = (more: string): string => problems(`kind: http, url: "http://a/", ${more}`);
  assert.match(http("match: '('"), /checks\.0\.match: must be a regular expression/);
  assert.match(http("max_body: 2MiB"), /must be between 1B and 1MiB/);
  assert.match(http("json: [{path: status}]"), /must be a JSONPath, which begins with \$/);
  assert.match(http("json: [{path: $.a, matches: '('}]"), /json\.0\.matches: must be a regular expression/);
  assert.match(http("method: FETCH"), /checks\.0\.method/);
});

test("a TCP check refuses a pattern that is none and nothing to send", () => {
  assert.match(problems("kind: tcp, address: 'a:1', expect: '('"), /checks\.0\.expect: must be a regular expression/);
  assert.match(problems("kind: tcp, address: 'a:1', send: ''"), /checks\.0\.send/);
});

test("the files that a check names are relative to the configuration", () => {
  const tls = "tls: {ca: f.pem, cert: f.pem, key: f.pem}";
  for (const which of ["ca", "cert", "key"] as const)
    assert.ok(isBeside(`kind: http, url: "https://a/", ${tls}`, (c) => (c.kind === "http" ? c.tls?.[which] : "")));
  for (const which of ["ca", "cert", "key"] as const)
    assert.ok(isBeside(`kind: tls, address: "a:1", ${tls}`, (c) => (c.kind === "tls" ? c.tls[which] : "")));
  for (const which of ["cert", "key"] as const)
    assert.ok(isBeside(`kind: tls, address: "a:1", ${which}: f.pem`, (c) => (c.kind === "tls" ? c[which] : "")));
  assert.ok(isBeside("kind: tls, file: f.pem", (c) => (c.kind === "tls" ? c.file : "")));
});

test("a TLS check looks at a server or at a file", () => {
  assert.match(problems("kind: tls"), /must have either address or file/);
  assert.match(problems("kind: tls, address: 'a:1', file: f.pem"), /must have either address or file/);
  assert.match(problems("kind: tls, file: f.pem, cert: f.pem"), /cert: must not stand beside `file`/);
});

test("a DNS check names its server by address, and what it wants alone", () => {
  assert.match(problems("kind: dns, host: a, server: 'dns:53'"), /server: must be the IP address of a server/);
  assert.match(problems("kind: dns, host: a, exact: true"), /exact: needs expect/);
  assert.equal(problems("kind: dns, host: a, server: '[::1]:53'"), "");
});

test("file and disk checks refuse what contradicts itself or wants nothing", () => {
  assert.match(problems("kind: file, path: f, exists: false, warn: {at_most: 1B}"), /exists: what must not be there/);
  assert.match(problems("kind: disk, path: /"), /needs free_at_least, warn_free_at_least or inodes_free_at_least/);
  assert.match(problems("kind: disk, path: /, free_at_least: 10"), /must be a share like 10%, or a size like 5GiB/);
  assert.ok(isBeside("kind: file, path: f.pem", (c) => (c.kind === "file" ? c.path : "")));
  assert.ok(isBeside("kind: disk, free_at_least: 1%, path: f.pem", (c) => (c.kind === "disk" ? c.path : "")));
});

test("a SOCKS5 check needs somewhere to go, and both a username and a password or neither", () => {
  assert.match(problems("kind: socks5, address: 'a:1'"), /needs target or http/);
  assert.match(problems("kind: socks5, address: 'a:1', target: 'b:1', username: u"), /password: username and password/);
});

test("the password for a proxy is not shown", () => {
  const shown = redacted(loaded(file("kind: socks5, address: 'a:1', target: 'b:1', username: u, password: s3cret")));
  assert.ok(!JSON.stringify(shown).includes("s3cret"));
});

/** A transaction of one step, `make`, which captures `id`, and what else is written. */
const transaction = (step: string, more = "", env: NodeJS.ProcessEnv = {}): string =>
  problemsOf(file(`kind: transaction, steps: [{name: make, capture: {id: $.id}, ${step}}]${more}`), env).join("\n");

test("templates of a transaction know what was captured before them, and no other names", () => {
  const url = 'url: "http://a/"';
  assert.equal(transaction(url, ', cleanup: [{name: c, url: "http://a/{{id}}/{{uuid}}/{{ now }}/{{now:unix}}"}]'), "");
  assert.match(
    transaction('url: "http://a/{{id}}"'),
    /steps\.0\.url: \{\{id\}\} is not known here; known are uuid, now/,
  );
  assert.match(transaction(`${url}, body: "{{random}}"`), /steps\.0\.body: \{\{random\}\} is not known here/);
  assert.match(transaction(`${url}, headers: {a: "{{env:}}"}`), /steps\.0\.headers\.a: \{\{env:\}\} is not known here/);
  assert.match(transaction('url: "ftp://a/{{uuid}}"'), /steps\.0\.url: must be an http:\/\/ or https:\/\/ URL/);
});

test("a variable that a template names must be set", () => {
  const step = 'url: "http://a/", body: "{{env:TOKEN}}"';
  assert.match(transaction(step), /steps\.0\.body: the variable TOKEN is not set$/);
  assert.equal(transaction(step, "", { TOKEN: "x" }), "");
});
