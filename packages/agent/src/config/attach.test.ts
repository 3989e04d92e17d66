import assert from "node:assert/strict";
import { test } from "node:test";
import { loaded, problemsOf } from "../testing/config.js";
import { attachedTo, ownerOf, type OwnerConfig } from "./attach.js";
import { planChanges } from "./plan.js";
import { processesOf } from "./services.js";

const service = (settings: string): string => `services: {web: {${settings}}}`;

const owner = (attach: string): OwnerConfig =>
  ownerOf(loaded(service(`attach: {${attach}}`)).config.services.web?.attach ?? assert.fail());

test("a service may belong to systemd, by the full name of its unit", () => {
  const unit = owner("systemd: web@1.service");
  assert.deepEqual(unit, { owner: "systemd", unit: "web@1.service" });
  assert.deepEqual(attachedTo(unit), { owner: "systemd", name: "web@1.service" });
  for (const name of ["web", "web.socket", "--web.timer", "a/b.service", ".service", `${"x".repeat(250)}.service`])
    assert.match(
      problemsOf(service(`attach: {systemd: "${name}"}`)).join(),
      /attach\.systemd: must be the full name of a service unit, like postgresql\.service/,
    );
  assert.match(problemsOf(service("attach: {systemd: web@.service}")).join(), /must name an instance of the template/);
});

test("a service may be known by its pid file, relative to the configuration, with commands of its owner", () => {
  const file = owner("pid_file: web.pid, start: [web, -d], timeout: 5s");
  assert.ok(file.owner === "pid-file");
  assert.match(file.path, /^\/.*\/web\.pid$/);
  assert.deepEqual([file.commands, file.timeout], [{ start: ["web", "-d"] }, 5000]);
  assert.deepEqual(owner("pid_file: /run/web.pid"), {
    owner: "pid-file",
    path: "/run/web.pid",
    commands: {},
    timeout: 60_000,
  });
});

test("it has one owner, and commands only where no other program is asked", () => {
  for (const attach of ["{}", "{systemd: a.service, pid_file: /b}"])
    assert.match(problemsOf(service(`attach: ${attach}`)).join(), /must have either `systemd` or `pid_file`/);
  for (const setting of ["start: [a]", "stop: [a]", "restart: [a]", "timeout: 1s"])
    assert.match(
      problemsOf(service(`attach: {systemd: a.service, ${setting}}`)).join(),
      /belongs to pid_file: systemctl does this for a unit/,
    );
});

test("its process is called main, and can be checked, watched and given tasks", () => {
  const { config } = loaded(
    service(
      "attach: {systemd: a.service}, listens: [tcp:80], watch: [{process: main, memory: {above: 1GiB}}], " +
        "checks: [{name: up, kind: tcp, address: 'a:1', process: main}], tasks: {t: {command: [a]}}",
    ),
  );
  assert.deepEqual(Object.keys(processesOf(config.services.web ?? assert.fail())), ["main"]);
});

test("settings for a process of our own are refused beside it, even where they say what holds anyway", () => {
  const settings = {
    restart: "{policy: always}",
    stop: "{signal: SIGTERM}",
    env: "{}",
    env_file: "a",
    cwd: ".",
    user: "root",
    limits: "{core: 0}",
  };
  for (const [name, value] of Object.entries(settings))
    assert.match(
      problemsOf(service(`attach: {systemd: a.service}, ${name}: ${value}`)).join("; "),
      new RegExp(`^1:\\d+ services\\.web\\.${name}: is of no use beside attach: its owner (re)?st(art|op)s `),
    );
  const [problem] = problemsOf(service("attach: {systemd: a.service}, restart: {}"));
  assert.match(problem ?? "", /its owner restarts it; for systemd that is Restart= in the unit/);
  assert.match(problemsOf(service("attach: {systemd: a.service}, wrong: 1")).join(), /is not a setting/);
  for (const other of ["command: [a]", "processes: {a: {command: [b]}}"])
    assert.match(problemsOf(service(`attach: {systemd: a.service}, ${other}`)).join(), /`processes` or `attach`/);
});

test("a reload that changes it touches no process", () => {
  const [before, after] = ["a.service", "b.service"].map(
    (unit) => loaded(service(`attach: {systemd: ${unit}}`)).config,
  );
  const changes = planChanges(before ?? assert.fail(), after ?? assert.fail());
  assert.deepEqual(
    changes.find(({ path }) => path.startsWith("services.web.attach")),
    { path: "services.web.attach.systemd", change: "changed", effect: "live" },
  );
});
