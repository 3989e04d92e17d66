import assert from "node:assert/strict";
import { test } from "node:test";
import { tempDir } from "../testing/temp-dir.js";
import { loadConfigOrThrow } from "./load.js";
import { loaded } from "../testing/config.js";
import { redacted, scrub, scrubbed } from "./redact.js";
import type { Config } from "./schema.js";

const shown = (text: string, env: NodeJS.ProcessEnv = {}): Config => redacted(loaded(text, env)) as Config;

test("tokens are hidden, theirs and ours", () => {
  const { http, controllers } = shown(
    'http: {tokens: [{id: ci, secret: s3cret}]}\ncontrollers: [{url: "ws://a:1", token: t0ken}]',
  );
  assert.deepEqual(http.tokens, [{ id: "ci", secret: "[redacted]", scopes: ["read"] }]);
  assert.equal(controllers[0]?.token, "[redacted]");
  assert.equal(controllers[0].url, "ws://a:1");
});

test("environment variables and headers with telling names are hidden, the others are shown", () => {
  const env =
    "{DB_PASSWORD: a, API_TOKEN: b, aws_secret_access_key: c, SENTRY_DSN: d, PRIVATE_KEY: e, PORT: 8080, HOME: /h}";
  const headers = "{Authorization: Bearer x, Cookie: a=b, X-Api-Key: y, Accept: text/plain}";
  const { services } = shown(`services:
  short: {command: [a], env: ${env}, checks: [{name: a, kind: http, url: "http://a/", headers: ${headers}}, {name: b, kind: exec, command: [x], env: ${env}}]}
  long: {processes: {api: {command: [a], env: ${env}}}}
`);
  const hidden = "[redacted]";
  const clean = {
    DB_PASSWORD: hidden,
    API_TOKEN: hidden,
    aws_secret_access_key: hidden,
    SENTRY_DSN: hidden,
    PRIVATE_KEY: hidden,
    PORT: "8080",
    HOME: "/h",
  };
  assert.deepEqual(services.short?.env, clean);
  assert.deepEqual(services.long?.processes?.api?.env, clean);
  const [http, exec] = services.short.checks;
  assert.deepEqual(http?.kind === "http" && http.headers, {
    Authorization: hidden,
    Cookie: hidden,
    "X-Api-Key": hidden,
    Accept: "text/plain",
  });
  assert.deepEqual(exec?.kind === "exec" && exec.env, clean);
});

test("the environment of a task is shown like that of a service", () => {
  const { services } = shown("services: {w: {command: [a], tasks: {t: {command: [b], env: {API_TOKEN: a, MODE: b}}}}}");
  assert.deepEqual(services.w?.tasks.t?.env, { API_TOKEN: "[redacted]", MODE: "b" });
});

test("what came from a file is hidden wherever it stands, also in the middle of a text", () => {
  using dir = tempDir();
  dir.write("pw", "hunter2\n");
  const text = `services:
  web:
    command: [app, "--dsn=db://u:\${file:pw}@h", "\${file:pw}"]
    env: {PLAIN: "\${file:pw}"}
`;
  const loadedOnce = loadConfigOrThrow(dir.write("ostler.yaml", text), {});
  assert.ok(!JSON.stringify(redacted(loadedOnce)).includes("hunter2"));
  const { services } = redacted(loadedOnce) as Config;
  assert.deepEqual(services.web?.command, ["app", "--dsn=db://u:[redacted]@h", "[redacted]"]);
  assert.deepEqual(loadedOnce.config.services.web?.command?.[2], "hunter2");
});

test("passwords in URLs and the bodies of requests are hidden", () => {
  const { services, controllers } = shown(`controllers: [{url: "wss://me:t0ken@a:1", token: x}]
services:
  web:
    command: [app, "--db=pg://me:pw@db/x"]
    metrics: {scrape: {json: {url: "http://me:pw@a/", values: {a: {path: $.a}}}}}
    checks:
      - {name: a, kind: http, url: "http://t0ken@a/", body: "pw=1"}
      - {name: b, kind: transaction, steps: [{name: s, url: "http://me:pw@a/{{uuid}}", method: POST, body: "pw=1"}]}
`);
  assert.equal(controllers[0]?.url, "wss://me:[redacted]@a:1");
  const { command, metrics, checks } = services.web ?? {};
  assert.equal(command?.[1], "--db=pg://me:[redacted]@db/x");
  assert.match(JSON.stringify(metrics), /"http:\/\/me:\[redacted\]@a\/"/);
  const [http, transaction] = checks ?? [];
  assert.deepEqual(http?.kind === "http" && [http.url, http.body], ["http://[redacted]@a/", "[redacted]"]);
  const [step] = transaction?.kind === "transaction" ? transaction.steps : [];
  assert.deepEqual([step?.url, step?.body], ["http://me:[redacted]@a/{{uuid}}", "[redacted]"]);
});

test("settings that are no secrets stay as they are", () => {
  const text =
    "agent: {name: a, labels: {role: api}}\nhttp: {listen: off}\nservices: {web: {command: [a], stop: {timeout: 5s}}}";
  const { config } = loaded(text);
  assert.deepEqual(redacted({ config, secrets: [] }), JSON.parse(JSON.stringify(config)));
});

test("a secret that contains another one is hidden whole", () => {
  assert.equal(scrub("key=abcdef, short=abc", ["abc", "abcdef"]), "key=[redacted], short=[redacted]");
});

test("a value is scrubbed in its texts alone, however deep they are", () => {
  const value = { port: 8080, text: "port 8080", list: ["a8080b", { deep: "8080" }], yes: true, none: null };
  assert.deepEqual(scrubbed(value, ["8080"]), {
    port: 8080,
    text: "port [redacted]",
    list: ["a[redacted]b", { deep: "[redacted]" }],
    yes: true,
    none: null,
  });
});
