import assert from "node:assert/strict";
import { chmodSync } from "node:fs";
import { dirname } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { tempDir } from "../testing/temp-dir.js";
import { unprivileged } from "../testing/unprivileged.js";
import { loaded, problemsOf } from "../testing/config.js";
import { maxFileBytes } from "./document.js";
import { loadConfig, loadConfigOrThrow } from "./load.js";
import { processesOf, taskOf } from "./services.js";

const quickstart = fileURLToPath(new URL("../../../../examples/quickstart.yaml", import.meta.url));

test("the example that everybody begins with is valid", () => {
  const { config, file } = loadConfigOrThrow(quickstart, {});
  assert.deepEqual(Object.keys(config.services), ["greeter"]);
  assert.equal(config.services.greeter?.checks[0]?.timeout, 2000);
  assert.equal(file, quickstart);
});

test("every problem of a file is told at once, each where it stands", () => {
  const text = `agent:
  nmae: a
  log: {level: loud}
http:
  listen: nowhere
services:
  web:
    command: []
    checks:
      - {name: up, kind: http}
      - {name: up, kind: tcp, address: "127.0.0.1:80", every: 10}
  "a b":
    command: [x]
controllers: [{url: "http://a"}]
`;
  assert.deepEqual(problemsOf(text), [
    "2:3 agent.nmae: is not a setting; did you mean name?",
    '3:16 agent.log.level: invalid option: expected one of "debug"|"info"|"warn"|"error"|"silent"',
    "5:11 http.listen: must be host:port, for example 127.0.0.1:9680",
    "8:14 services.web.command: must name a program",
    "10:9 services.web.checks.0.url: must be an http:// or https:// URL",
    "11:63 services.web.checks.1.every: must be a duration with its unit, like 500ms, 30s, 5m, 2h or 7d",
    "12:3 services.a b: must be 1 to 63 letters, digits, - or _, and begin with a letter or digit",
    "14:21 controllers.0.url: must be a ws:// or wss:// URL",
  ]);
});

test("a misspelt setting gets the nearest one as a suggestion, at its own level", () => {
  const suggestion = (text: string): string | undefined => /did you mean (\w+)\?/.exec(problemsOf(text)[0] ?? "")?.[1];
  assert.equal(suggestion("servcies: {}"), "services");
  assert.equal(suggestion("agent: {DATA_DIR: x}"), "data_dir");
  assert.equal(suggestion("services: {web: {command: [a], restart: {backof: {}}}}"), "backoff");
  assert.equal(
    suggestion("services: {web: {command: [a], checks: [{name: a, kind: http, url: 'http://a', evrey: 1s}]}}"),
    "every",
  );
});

test("a setting that resembles none is answered with those that exist", () => {
  assert.deepEqual(problemsOf("zebra: 1"), [
    "1:1 zebra: is not a setting; known here: agent, http, services, controllers",
  ]);
});

test("a check of an unknown kind is told the kinds there are", () => {
  const text = "services: {web: {command: [a], checks: [{name: a, kind: htp}]}}";
  assert.match(problemsOf(text).join(), /checks\.0\.kind: must be one of http, tcp, .*\bexec\b/);
});

test("an unset variable is told where it stands, once, among the other problems", () => {
  const text = `services:
  web:
    command: [a, "\${NOPE}"]
    cwd: \${ALSO_NOPE}
    checks:
      - {name: a, kind: http, url: "\${URL}"}
      - {name: b, kind: http, url: ftp://x}
`;
  const problems = problemsOf(text);
  assert.deepEqual(
    problems.map((problem) => problem.slice(0, problem.indexOf(" "))),
    ["3:18", "4:10", "6:36", "7:36"],
  );
  assert.match(problems[0] ?? "", /\$\{NOPE\}: the variable is not set/);
  assert.match(problems[3] ?? "", /must be an http:\/\/ or https:\/\/ URL/);
});

test("an empty file, or one of comments alone, says so", () => {
  for (const text of ["", "\n\n", "# nothing yet\n"]) assert.match(problemsOf(text).join(), /^1:1 : is empty; see /);
});

test("a file that is not text says so", () => {
  assert.match(problemsOf(Buffer.from("agent: \0")).join(), /^1:1 : is not a text file: it contains NUL bytes$/);
  assert.match(
    problemsOf(Buffer.from([0x61, 0x3a, 0x20, 0xff, 0xfe])).join(),
    /^1:1 : is not a text file: it is not UTF-8$/,
  );
});

test("a file beyond the limit is refused before it is parsed", () => {
  const padding = "#".repeat(maxFileBytes);
  assert.match(
    problemsOf(`services: {}\n${padding}`).join(),
    /^1:1 : has \d+ bytes; a configuration may have 1048576$/,
  );
  assert.deepEqual(problemsOf(`services: {} ${padding}`.slice(0, maxFileBytes)), []);
});

test("half a file, as an editor may leave it for a moment, is refused", () => {
  for (const text of ["services:\n  web:\n    command: [node, \n", "services: {web: {comm", 'agent: {name: "a']) {
    const problems = problemsOf(text);
    assert.ok(problems.length > 0, text);
    for (const problem of problems) assert.match(problem, /^\d+:\d+ : is not valid YAML: /);
  }
});

test("a thing said twice is refused at its second place", () => {
  assert.deepEqual(problemsOf("http: {}\nservices: {}\nhttp: {}\n"), [
    "3:1 : is not valid YAML: Map keys must be unique",
  ]);
});

test("aliases that multiply are refused before they fill the memory", () => {
  const lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"];
  for (const [before, here] of ["ab", "bc", "cd", "de", "ef", "fg"])
    lines.push(`${here}: &${here} [${Array.from({ length: 10 }, () => `*${before}`).join(", ")}]`);
  assert.match(problemsOf(lines.join("\n")).join(), /^1:1 : is not usable: Excessive alias count/);
});

test("nesting without end is refused, and does not end the agent", () => {
  const deep = {
    sequences: `services: ${"[".repeat(100_000)}`,
    mappings: `services: ${"{a: ".repeat(100_000)}`,
    closed: `services: ${"[".repeat(20_000)}${"]".repeat(20_000)}`,
    blocks: Array.from({ length: 1000 }, (_, level) => `${" ".repeat(level)}a:`).join("\n"),
    dashes: `services:\n  ${"- ".repeat(100_000)}`,
    "explicit keys": "? ".repeat(100_000),
  };
  for (const [kind, text] of Object.entries(deep)) assert.match(problemsOf(text).join(), /^1:1 : is nested/, kind);
});

test("brackets in texts and comments are not nesting", () => {
  const pattern = "[({".repeat(200);
  const text = `agent: {name: a} # ${pattern}\nservices:\n  web:\n    command: [a, "${pattern}", '${pattern}']\n`;
  assert.deepEqual(problemsOf(text), []);
  const oneLine = Array.from({ length: 200 }, (_, at) => `A${at}: "x y"`).join(", ");
  assert.deepEqual(problemsOf(`services: {web: {command: [a], env: {${oneLine}}}}`), []);
});

test("a file whose root is no mapping says so", () => {
  for (const text of ["- a\n- b\n", "just words", "42", "[]"])
    assert.deepEqual(problemsOf(text), ["1:1 : must be a mapping of settings"]);
});

test("a file that is not there says how to give the right one", () => {
  using dir = tempDir();
  const result = loadConfig(dir.at("none.yaml"), {});
  assert.match("problems" in result ? (result.problems[0]?.message ?? "") : "", /does not exist; .*--config/);
});

test("a directory in place of the file is a problem, not a crash", () => {
  using dir = tempDir();
  const result = loadConfig(dir.path, {});
  assert.match("problems" in result ? (result.problems[0]?.message ?? "") : "", /^cannot be read: .*directory/);
});

test("a file that this user may not read is a problem, not a crash", () => {
  using dir = tempDir();
  const file = dir.write("ostler.yaml", "services: {}");
  chmodSync(file, 0o000);
  chmodSync(dir.path, 0o711);
  const result = unprivileged(() => loadConfig(file, {}));
  assert.match("problems" in result ? (result.problems[0]?.message ?? "") : "", /^cannot be read: EACCES/);
});

test("the environment wins over the file", () => {
  const env = { OSTLER_LOG_LEVEL: "debug", OSTLER_HTTP_LISTEN: "127.0.0.1:7000", OSTLER_DATA_DIR: "/srv/ostler" };
  const { config } = loaded("agent: {data_dir: /a, log: {level: error}}\nhttp: {listen: off}\n", env);
  assert.equal(config.agent.log.level, "debug");
  assert.deepEqual(config.http.listen, { host: "127.0.0.1", port: 7000 });
  assert.equal(config.agent.data_dir, "/srv/ostler");
  assert.equal(config.agent.run_dir, "/srv/ostler");
});

test("an empty override is none", () => {
  const { config } = loaded("agent: {log: {level: error}}", { OSTLER_LOG_LEVEL: "", OSTLER_HTTP_LISTEN: "" });
  assert.equal(config.agent.log.level, "error");
  assert.deepEqual(config.http.listen, { host: "127.0.0.1", port: 9680 });
});

test("a bad override is a problem like any other", () => {
  assert.match(problemsOf("services: {}", { OSTLER_LOG_LEVEL: "loud" }).join(), /agent\.log\.level: invalid option/);
});

test("an override does not hide that its section is no section", () => {
  assert.match(problemsOf("agent: 5", { OSTLER_LOG_LEVEL: "debug" }).join(), /^1:8 agent: .*expected object/);
  assert.match(
    problemsOf("agent: {log: [a]}", { OSTLER_LOG_LEVEL: "debug" }).join(),
    /^1:14 agent\.log: .*expected object/,
  );
});

test("relative paths are relative to the file they stand in", () => {
  using dir = tempDir();
  const file = dir.write(
    "ostler.yaml",
    `agent: {data_dir: data, run_dir: run, log: {output: agent.log}}
http: {listen: "0.0.0.0:1", tls: {cert: c.pem, key: /k.pem}, tokens: [{id: a, secret: x}]}
services:
  one: {command: [a], cwd: work, tasks: {there: {command: [b], cwd: t}, here: {command: [b]}}}
  many: {processes: {api: {command: [a]}, worker: {command: [b], cwd: ../w}}}
controllers: [{url: "wss://a", tls: {ca: ca.pem}}]
`,
  );
  const { config } = loadConfigOrThrow(file, {});
  const { agent, http, services, controllers } = config;
  assert.equal(agent.data_dir, dir.at("data"));
  assert.equal(agent.run_dir, dir.at("run"));
  assert.equal(agent.log.output, dir.at("agent.log"));
  assert.deepEqual(http.tls, { cert: dir.at("c.pem"), key: "/k.pem" });
  assert.equal(services.one?.cwd, dir.at("work"));
  assert.equal(taskOf(services.one, "there")?.cwd, dir.at("t"));
  assert.equal(taskOf(services.one, "here")?.cwd, dir.at("work"));
  const many = services.many && processesOf(services.many);
  assert.equal(many?.api?.cwd, dir.path);
  assert.equal(many?.worker?.cwd, `${dirname(dir.path)}/w`);
  assert.equal(controllers[0]?.tls?.ca, dir.at("ca.pem"));
});

test("stdout and stderr are no paths", () => {
  assert.equal(loaded("agent: {log: {output: stdout}}").config.agent.log.output, "stdout");
  assert.equal(loaded("services: {}").config.agent.log.output, "stderr");
});

test("under systemd the records of running processes lie in the runtime directory", () => {
  assert.equal(loaded("services: {}", { RUNTIME_DIRECTORY: "/run/ostler" }).config.agent.run_dir, "/run/ostler");
});

test("a loaded configuration cannot be changed by anybody", () => {
  const { config } = loaded("services: {web: {command: [a], checks: [{name: a, kind: tcp, address: 'a:1'}]}}");
  const isFrozen = (value: unknown): boolean =>
    typeof value !== "object" || value === null || (Object.isFrozen(value) && Object.values(value).every(isFrozen));
  assert.ok(isFrozen(config));
});

test("a value cannot break out of its place in the YAML", () => {
  const nasty = 'x"\n  evil: {command: [rm]}\n# ]}: &a *a';
  const { config } = loaded('services: {web: {command: [a, "${ARG}"], env: {PLAIN: "${ARG}"}}}', { ARG: nasty });
  assert.deepEqual(Object.keys(config.services), ["web"]);
  assert.deepEqual(config.services.web?.command, ["a", nasty]);
  assert.deepEqual(config.services.web.env, { PLAIN: nasty });
});

test("whatever a variable holds, it arrives unchanged", () => {
  const text = 'services:\n  web:\n    command: [a]\n    env:\n      QUOTED: "${V}"\n      PLAIN: ${V}\n';
  const arrives = (value: string): void =>
    assert.deepEqual(loaded(text, { V: value }).config.services.web?.env, { QUOTED: value, PLAIN: value });
  ["1.10", "007", "1e3", "12345678901234567890", "true", "null", "-0", "0.10", " x ", "~", "yes"].forEach(arrives);
  fc.assert(fc.property(fc.string({ unit: "binary" }), arrives), { numRuns: 50 });
});

test("a variable may stand where a number or a truth value is wanted", () => {
  const text = `
http: {debug: "off", listen: off}
services: {web: {command: [a], checks: [{name: a, kind: tcp, address: "a:1", failures: 1}]}}
`;
  assert.match(problemsOf(text).join(), /http\.debug: .*expected boolean/);
  const filled =
    "http:\n  debug: ${D}\nservices:\n  w:\n    command: [a]\n    checks:\n      - name: a\n        kind: tcp\n        address: a:1\n        failures: ${F}\n";
  const { config } = loaded(filled, { D: "true", F: "7" });
  assert.equal(config.http.debug, true);
  assert.equal(config.services.w?.checks[0]?.failures, 7);
});

test("a secret of digits alone is still text", () => {
  using dir = tempDir();
  dir.write("token", "20300101\n");
  const file = dir.write("ostler.yaml", "http:\n  tokens:\n    - id: a\n      secret: ${file:token}\n");
  const { config, secrets } = loadConfigOrThrow(file, {});
  assert.equal(config.http.tokens[0]?.secret, "20300101");
  assert.deepEqual(secrets, ["20300101"]);
});

test("two files that mean the same have the same hash, two that do not have not", () => {
  using dir = tempDir();
  const hashOf = (text: string, env: NodeJS.ProcessEnv = {}): string =>
    loadConfigOrThrow(dir.write("ostler.yaml", text), env).hash;
  const plain = hashOf("services: {web: {command: [a], stop: {timeout: 60s}}}\nhttp: {listen: off}\n");
  const same = [
    "# said in other words\nhttp:\n  listen: 'off'\nservices:\n  web:\n    stop: {signal: SIGTERM, timeout: 1m}\n    command:\n      - a\n",
    'http: {listen: "${L:-off}"}\nservices: {web: &w {command: [a], stop: {timeout: 60s}, cwd: .}}\n',
  ];
  for (const text of same) assert.equal(hashOf(text), plain);
  assert.equal(hashOf("services: {web: {command: [a], stop: {timeout: 60s}}}\n", { OSTLER_HTTP_LISTEN: "off" }), plain);
  assert.notEqual(hashOf("services: {web: {command: [a], stop: {timeout: 61s}}}\nhttp: {listen: off}\n"), plain);
  assert.notEqual(hashOf("services: {web: {command: [a, b]}}"), hashOf("services: {web: {command: [b, a]}}"));
});

test("loading for the command line throws all the problems, one a line", () => {
  using dir = tempDir();
  const file = dir.write("ostler.yaml", "zebra: 1\nhttp: {listen: x}\n");
  assert.throws(() => loadConfigOrThrow(file, {}), {
    code: "config-invalid",
    message: `${file}:1:1: zebra: is not a setting; known here: agent, http, services, controllers\n${file}:2:16: http.listen: must be host:port, for example 127.0.0.1:9680`,
  });
});
