import assert from "node:assert/strict";
import { test } from "node:test";
import { loaded } from "../testing/config.js";
import { effectOf, planChanges } from "./plan.js";

const check = '{name: up, kind: http, url: "http://127.0.0.1:1/"}';
const plain = `services: {web: {command: [a, b], checks: [${check}]}}`;

/** What going over from one file to the other touches, each as `change path: effect`. */
function plan(before: string, after: string): string[] {
  const place = { OSTLER_DATA_DIR: "/data" };
  const settle = (text: string) => {
    const { config } = loaded(text, text.includes("data_dir") ? {} : place);
    // The directory of the file is another one each time; it is not what is compared here.
    return {
      ...config,
      services: JSON.parse(
        JSON.stringify(config.services).replaceAll(/"cwd":"[^"]*"/g, '"cwd":"/"'),
      ) as typeof config.services,
    };
  };
  return planChanges(settle(before), settle(after)).map(({ path, change, effect }) => `${change} ${path}: ${effect}`);
}

test("a file that means the same changes nothing", () => {
  assert.deepEqual(plan(plain, `# words\n${plain.replace("[a, b]", "['a', \"b\"]")}`), []);
});

test("a changed check is live", () => {
  assert.deepEqual(plan(plain, plain.replace(":1/", ":2/")), ["changed services.web.checks.0.url: live"]);
  assert.deepEqual(plan(plain, plain.replace("kind: http", "every: 3s, kind: http")), [
    "changed services.web.checks.0.every: live",
  ]);
  assert.deepEqual(plan(plain, plain.replace(`[${check}]`, "[]")), ["changed services.web.checks: live"]);
});

test("another command, environment or directory restarts the process", () => {
  assert.deepEqual(plan(plain, plain.replace("[a, b]", "[a, c]")), [
    "changed services.web.command.1: restarts-process",
  ]);
  assert.deepEqual(plan(plain, plain.replace("[a, b]", "[a]")), ["changed services.web.command: restarts-process"]);
  assert.deepEqual(plan(plain, plain.replace("command", "env: {A: x}, command")), [
    "added services.web.env.A: restarts-process",
  ]);
  assert.equal(effectOf(["services", "web", "cwd"]), "restarts-process");
});

test("a service that comes or goes is one change", () => {
  assert.deepEqual(plan("services: {}", plain), ["added services.web: restarts-process"]);
  assert.deepEqual(plan(plain, "services: {}"), ["removed services.web: restarts-process"]);
});

test("a process that comes or goes is one change", () => {
  const one = "services: {web: {processes: {api: {command: [a]}}}}";
  const two = "services: {web: {processes: {api: {command: [a]}, worker: {command: [b]}}}}";
  assert.deepEqual(plan(one, two), ["added services.web.processes.worker: restarts-process"]);
  assert.deepEqual(plan(two, one), ["removed services.web.processes.worker: restarts-process"]);
});

test("an optional setting that comes or goes is told as that", () => {
  const named = "agent: {name: a}\nservices: {}";
  assert.deepEqual(plan("services: {}", named), ["added agent.name: needs-agent-restart"]);
  assert.deepEqual(plan(named, "services: {}"), ["removed agent.name: needs-agent-restart"]);
});

test("several changes are told one by one", () => {
  const after = "agent: {log: {level: debug}}\nhttp: {listen: off, debug: true}\nservices: {}";
  assert.deepEqual(plan("services: {}", after), [
    "changed agent.log.level: restarts-part",
    "changed http.listen: restarts-part",
    "changed http.debug: restarts-part",
  ]);
});

test("every setting has the effect that the documentation promises", () => {
  const effects: Record<string, string[]> = {
    "needs-agent-restart": [
      "agent.name",
      "agent.data_dir",
      "agent.run_dir",
      "agent.labels.x",
      "agent.journal.max_size",
      "agent.journal.max_age",
    ],
    "restarts-part": [
      "agent.log.level",
      "agent.log.format",
      "agent.log.output",
      "http.listen",
      "http.probes",
      "http.tls.cert",
      "http.tokens.0.secret",
      "http.allow_cidr.0",
      "http.debug",
      "controllers",
      "controllers.0.url",
      "controllers.0.token",
      "controllers.0.commands",
    ],
    "restarts-process": [
      "services.w",
      "services.w.command",
      "services.w.env.A",
      "services.w.cwd",
      "services.w.processes",
      "services.w.processes.p",
      "services.w.processes.p.command.0",
      "services.w.processes.p.env.A",
      "services.w.processes.p.cwd",
    ],
    live: [
      "services.w.listens.0",
      "services.w.stop.signal",
      "services.w.stop.timeout",
      "services.w.restart.policy",
      "services.w.restart.backoff.max",
      "services.w.restart.stable_after",
      "services.w.checks",
      "services.w.checks.0.kind",
      "services.w.checks.0.command",
      "services.w.checks.0.env.A",
      "services.w.checks.0.headers.x",
      "services.w.tasks",
      "services.w.tasks.t.command.0",
      "services.w.tasks.t.env.A",
      "services.w.tasks.t.cwd",
      "services.w.processes.p.listens",
      "services.w.processes.p.stop.timeout",
    ],
  };
  for (const [effect, paths] of Object.entries(effects))
    for (const path of paths) assert.equal(effectOf(path.split(".")), effect, path);
});
