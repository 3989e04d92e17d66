import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { loaded, problemsOf } from "../testing/config.js";
import { jsonSchema } from "./schema.js";
import { checksOf, processesOf, taskOf } from "./services.js";

const check = (more: string): string => `{name: up, kind: tcp, address: "a:1"${more}}`;
const service = (more: string): string => `services: {web: {command: [a]${more}}}`;

test("to listen beyond loopback takes TLS and tokens, both", () => {
  const tls = "tls: {cert: c, key: k}";
  const tokens = "tokens: [{id: a, secret: x}]";
  const open = (more: string): string => problemsOf(`http: {listen: "0.0.0.0:9680"${more}}`).join();
  for (const half of ["", `, ${tls}`, `, ${tokens}`])
    assert.match(
      open(half),
      /^1:16 http\.listen: 0\.0\.0\.0 is reachable from other hosts: set http\.tls and http\.tokens/,
    );
  assert.equal(open(`, ${tls}, ${tokens}`), "");
});

test("loopback in all its forms needs neither TLS nor tokens", () => {
  for (const listen of ["127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "localhost:1", "off"])
    assert.deepEqual(problemsOf(`http: {listen: "${listen}"}`), []);
  for (const listen of ["[::]:1", "10.0.0.1:1", "127.0.0.1.evil.example:1"])
    assert.match(problemsOf(`http: {listen: "${listen}"}`).join(), /is reachable from other hosts/);
});

test("a listener for probes is of use only where the main one asks for tokens", () => {
  assert.match(
    problemsOf("http: {probes: '127.0.0.1:1'}").join(),
    /^1:16 http\.probes: is only of use with http\.tokens/,
  );
  assert.deepEqual(problemsOf("http: {probes: '127.0.0.1:1', tokens: [{id: a, secret: x}]}"), []);
});

test("networks are written as networks", () => {
  const networks = (...list: string[]): string => problemsOf(`http: {allow_cidr: ${JSON.stringify(list)}}`).join();
  assert.equal(networks("10.0.0.0/8", "fd00::/8", "0.0.0.0/0", "::1/128"), "");
  for (const bad of ["10.0.0.0", "10.0.0.0/33", "::/129", "a/8", "10.0.0/8", "10.0.0.0/"])
    assert.match(networks(bad), /must be a network like 10\.0\.0\.0\/8/);
});

test("a service has either a command or processes, never both, never none", () => {
  const wrong = /^1:17 services\.web: must have either `command`, `processes` or `attach`$/;
  assert.match(problemsOf("services: {web: {}}").join(), wrong);
  assert.match(problemsOf("services: {web: {command: [a], processes: {x: {command: [b]}}}}").join(), wrong);
  assert.match(
    problemsOf("services: {web: {processes: {}}}").join(),
    /services\.web\.processes: must name at least one/,
  );
});

test("names that must tell things apart are not given twice", () => {
  assert.match(
    problemsOf(service(`, checks: [${check("")}, ${check("")}]`)).join(),
    /checks\.1\.name: is used by another check/,
  );
  const tokens = "http: {tokens: [{id: a, secret: x}, {id: b, secret: y}, {id: a, secret: z}]}";
  assert.match(problemsOf(tokens).join(), /tokens\.2\.id: is used by another token/);
  const controllers = 'controllers: [{url: "ws://a:1/x"}, {url: "ws://a:1/y"}]';
  assert.match(
    problemsOf(controllers).join(),
    /controllers\.1: has the name of another controller, "a-1": give it a name/,
  );
  assert.deepEqual(problemsOf('controllers: [{url: "ws://a:1/x"}, {name: other, url: "ws://a:1/y"}]'), []);
});

test("two services may have checks of the same name", () => {
  const text = `services: {a: {command: [a], checks: [${check("")}]}, b: {command: [b], checks: [${check("")}]}}`;
  assert.deepEqual(problemsOf(text), []);
});

test("a check can only be about a process that its service has", () => {
  assert.match(
    problemsOf(service(`, checks: [${check(", process: api")}]`)).join(),
    /checks\.0\.process: names no process/,
  );
  assert.deepEqual(problemsOf(service(`, checks: [${check(", process: main")}]`)), []);
  const many = (process: string): string =>
    problemsOf(
      `services: {web: {processes: {api: {command: [a]}}, checks: [${check(`, process: ${process}`)}]}}`,
    ).join();
  assert.equal(many("api"), "");
  assert.match(many("main"), /names no process/);
  assert.match(many("constructor"), /names no process/);
});

test("a check that would never rest, or never could end, is refused", () => {
  for (const bad of ["every: 0s", "timeout: 0s", "every: 0ms", "timeout: 25d"])
    assert.match(problemsOf(service(`, checks: [${check(`, ${bad}`)}]`)).join(), /must be between 1ms and 24d/, bad);
  assert.deepEqual(problemsOf(service(`, checks: [${check(", every: 24d, timeout: 1ms, initial_delay: 0s")}]`)), []);
});

test("processes are not measured more often than once a second", () => {
  assert.match(problemsOf("agent: {usage: {every: 100ms}}").join(), /agent\.usage\.every: must be at least 1s/);
});

test("sockets are declared by protocol and a port that exists, or by path", () => {
  const listens = (...list: string[]): string => problemsOf(service(`, listens: ${JSON.stringify(list)}`)).join();
  assert.equal(listens("tcp:80", "udp:65535", "unix:/run/my app.sock"), "");
  for (const bad of ["80", "tcp:", "tcp:http", "unix:run.sock", "tcp:0", "tcp:65536", "udp:99999", "TCP:80"])
    assert.match(listens(bad), /must be tcp:PORT, udp:PORT or unix:\/PATH/, bad);
});

test("an escalation goes from signal to signal, and has an end before the timeout", () => {
  const problems = (steps: string): string[] =>
    problemsOf(service(`, stop: {timeout: 10s, escalation: [${steps}]}`)).map((problem) =>
      problem.replace(/^\S+ /, ""),
    );
  assert.deepEqual(problems("{signal: SIGINT, after: 3s}, {signal: SIGQUIT, after: 5s}"), []);
  const at = (step: number): string => `services.web.stop.escalation.${step}`;
  assert.deepEqual(problems("{signal: SIGINT, after: 3s}, {signal: SIGQUIT, after: 3s}"), [
    `${at(1)}.after: must be later than the signal before it`,
  ]);
  assert.deepEqual(problems("{signal: SIGINT, after: 0s}"), [
    `${at(0)}.after: must be later than the signal before it`,
  ]);
  assert.deepEqual(problems("{signal: SIGINT, after: 10s}"), [
    `${at(0)}.after: must be less than the timeout, 10000 ms, after which whoever is left is killed`,
  ]);
  assert.deepEqual(problems("{signal: SIGKILL, after: 1s}"), [`${at(0)}.signal: is sent at \`timeout\` by itself`]);
  assert.match(problems("{signal: SIGINT}").join(), /after/);
});

test("a stop signal is one that the system knows", () => {
  assert.deepEqual(problemsOf(service(", stop: {signal: SIGQUIT}")), []);
  for (const bad of ["TERM", "sigterm", "SIGNOPE", "toString"])
    assert.match(problemsOf(service(`, stop: {signal: ${bad}}`)).join(), /must be a signal name like SIGTERM/);
});

test("the short form of a service is one process called main", () => {
  const { config } = loaded(service(", env: {A: 1}, listens: ['tcp:80'], stop: {timeout: 3s}"));
  const { main } = processesOf(config.services.web ?? assert.fail());
  assert.deepEqual(main?.command, ["a"]);
  assert.deepEqual(main.env, { A: "1" });
  assert.deepEqual(main.listens, [{ protocol: "tcp", port: 80 }]);
  assert.deepEqual(main.stop, { signal: "SIGTERM", escalation: [], timeout: 3000 });
});

test("a task has what its service has, or what the only process of it has, and what it says itself", () => {
  const { services } = loaded(`services:
  short: {command: [a], cwd: /s, env: {A: "1", B: "1"}, tasks: {t: {command: [b], env: {B: "2"}}}}
  one: {processes: {p: {command: [a], cwd: /p, env: {A: "3"}}}, tasks: {t: {command: [b]}}}
  two: {env: {A: "4"}, cwd: /w, processes: {p: {command: [a], env: {A: "5"}}, q: {command: [a]}}, tasks: {t: {command: [b]}}}
`).config;
  const told = Object.values(services).map((service) => {
    const { cwd, env } = taskOf(service, "t") ?? assert.fail();
    return `${cwd} ${JSON.stringify(env)}`;
  });
  assert.deepEqual(told, ['/s {"A":"1","B":"2"}', '/p {"A":"3"}', '/w {"A":"4"}']);
  assert.equal(taskOf(services.short ?? assert.fail(), "constructor"), undefined);
});

test("a task that could never end is refused", () => {
  const [problem] = problemsOf("services: {w: {command: [a], tasks: {t: {command: [b], timeout: 0s}}}}");
  assert.match(problem ?? "", /services\.w\.tasks\.t\.timeout: must be between 1ms and 24d/);
});

test("declared sockets are a readiness check of their own, whose name nobody can take", () => {
  const { config } = loaded(service(`, listens: ["tcp:80"], checks: [${check(", role: liveness")}]`));
  assert.deepEqual(checksOf(config.services.web ?? assert.fail()), [
    { name: "up", role: "liveness" },
    { name: "main:listens", role: "readiness", process: "main" },
  ]);
  assert.match(
    problemsOf(service(", checks: [{name: 'main:listens', kind: tcp, address: 'a:1'}]")).join(),
    /checks\.0\.name/,
  );
});

test("an empty configuration means the documented defaults", () => {
  const { config } = loaded("services: {}");
  assert.deepEqual(
    { ...config, agent: { ...config.agent } },
    {
      agent: {
        data_dir: "/var/lib/ostler",
        run_dir: "/var/lib/ostler",
        labels: {},
        log: { level: "info", format: "json", output: "stderr" },
        usage: { every: 10_000 },
        host: { every: 15_000, inventory: true },
        rules: { every: 15_000 },
        output: { max_size: 64 * 1024 * 1024, max_total: 2 * 1024 * 1024 * 1024 },
        backups: { dir: "/var/lib/ostler/backups", max_size: 50 * 1024 ** 3, min_free: 512 * 1024 * 1024 },
        journal: { max_size: 64 * 1024 * 1024, max_age: 7 * 24 * 3600 * 1000 },
      },
      http: { listen: { host: "127.0.0.1", port: 9680 }, tokens: [], allow_cidr: [], debug: false },
      services: {},
      controllers: [],
    },
  );
});

type Schema = {
  [key: string]: unknown;
  type?: string | string[];
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | false;
};

test("the published schema is JSON Schema of draft 2020-12, and plain JSON", () => {
  const schema = jsonSchema() as Schema;
  assert.equal(schema.$schema, "https://json-schema.org/draft/2020-12/schema");
  assert.deepEqual(JSON.parse(JSON.stringify(schema)), schema);
  const types = ["object", "array", "string", "number", "integer", "boolean", "null"];
  for (const part of partsOf(schema)) {
    for (const type of [part.type ?? []].flat()) assert.ok(types.includes(type), type);
    if ("pattern" in part) assert.doesNotThrow(() => new RegExp(String(part.pattern), "u"));
    if ("required" in part) for (const key of part.required as string[]) assert.ok(part.properties?.[key], key);
  }
});

test("the published schema knows every setting of the example, and nothing that is misspelt", () => {
  const example: unknown = parse(
    readFileSync(fileURLToPath(new URL("../../../../examples/quickstart.yaml", import.meta.url)), "utf8"),
  );
  assert.deepEqual(unknownIn(jsonSchema() as Schema, example), []);
  assert.deepEqual(unknownIn(jsonSchema() as Schema, { agent: { nmae: "x" }, zebra: 1 }), ["agent.nmae", "zebra"]);
});

test("the published schema explains every setting and gives the defaults", () => {
  const schema = jsonSchema() as Schema;
  assert.deepEqual(Object.keys(schema.properties ?? {}), ["agent", "http", "services", "controllers"]);
  const silent = partsOf(schema).flatMap(({ properties = {} }) =>
    Object.entries(properties).filter(([, one]) => one.description === undefined && one.const === undefined),
  );
  assert.deepEqual(silent, []);
  assert.equal(schema.properties?.agent?.properties?.data_dir?.default, "/var/lib/ostler");
  assert.equal(schema.properties.http?.properties?.listen?.default, "127.0.0.1:9680");
  assert.equal(schema.properties.http.properties.tokens?.default instanceof Array, true);
});

/** A schema and every schema in it. */
function partsOf(schema: unknown): Schema[] {
  if (Array.isArray(schema)) return schema.flatMap(partsOf);
  if (typeof schema !== "object" || schema === null) return [];
  const { properties = {}, ...rest } = schema as Schema;
  const keywords = Object.entries(rest).filter(([keyword]) => !["default", "enum", "const"].includes(keyword));
  const inner = [...Object.values(properties), ...keywords.map(([, value]) => value)];
  return [schema as Schema, ...inner.flatMap(partsOf)];
}

/** Paths in a value that the schema has no place for. */
function unknownIn(schema: Schema, value: unknown, path: string[] = []): string[] {
  if (Array.isArray(value))
    return value.flatMap((item, at) => unknownIn(schema.items as Schema, item, [...path, String(at)]));
  if (typeof value !== "object" || value === null) return [];
  const options = (schema.anyOf ?? schema.oneOf ?? [schema]) as Schema[];
  const results = options.map(({ properties, additionalProperties }) =>
    Object.entries(value).flatMap(([key, inner]) => {
      const next = properties?.[key] ?? additionalProperties;
      return next ? unknownIn(next, inner, [...path, key]) : [[...path, key].join(".")];
    }),
  );
  return results.sort((a, b) => a.length - b.length)[0] ?? [];
}
