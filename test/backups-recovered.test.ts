import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { started } from "./helpers/backup-host.js";
import { until } from "./helpers/until.js";

test("what a backup has stopped or brought to rest is brought back by the next agent", async () => {
  const hook = (what: string): string => `{command: [sh, -c, "echo ${what} >> DIR/hooks"]}`;
  const slow = '{command: [sh, -c, "echo before >> DIR/hooks; while [ -e DIR/hold ]; do sleep 0.05; done"]}';
  await using host = await started(`mode: cold\nbefore: ${slow}\nafter: ${hook("after")}`);
  host.write("hold", "");
  const making = host.agent.ostler("backup", "create", "data");
  await until(() => existsSync(host.at("hooks")), "it is at rest");
  await host.agent.end("SIGKILL");
  await making;
  rmSync(host.at("hold"));
  await host.agent.run();
  await host.agent.ready("web");
  await until(() => host.read("hooks") === "before\nafter\n", "it is brought back");
  const [interrupted] = await until(async () => {
    const events = await host.agent.events("backup.interrupted");
    return events.length > 0 ? events : undefined;
  }, "it is told");
  assert.equal(interrupted?.data.doing, "create");
  await host.made();
  await host.comes("hooks", "before\nafter\nbefore\nafter\n");
});

test("an `after` that fails for the next agent holds up no other set, and the service is started once", async () => {
  const before = '{command: [sh, -c, "echo > DIR/at-rest; while [ -e DIR/hold ]; do sleep 0.05; done"]}';
  const after = '{command: [sh, -c, "test -e DIR/mended && rm DIR/at-rest"]}';
  const processes = "processes: {main: {command: [sh, -c, 'echo up >> DIR/runs; exec sleep 1000']}}";
  const more = "{name: other, paths: [state]}";
  await using host = await started(`mode: cold\nbefore: ${before}\nafter: ${after}`, { processes, more });
  host.write("hold", "");
  const making = host.agent.ostler("backup", "create", "data");
  await until(() => existsSync(host.at("at-rest")), "it is at rest");
  await host.agent.end("SIGKILL");
  await making;
  rmSync(host.at("hold"));
  await host.agent.run();
  await host.agent.ready("web");
  assert.match(await host.backup("create", "other"), /3 files/);
  assert.match(await host.refused("create", "data"), /has to be brought back first/);
  host.write("mended", "");
  await until(() => !existsSync(host.at("at-rest")), "`after` has succeeded");
  await until(() => readdirSync(host.at("data/backup-records")).length === 0, "nothing is at rest");
  await host.comes("runs", "up\nup\n");
  await host.made();
});

test("what undoes a `before` is run by the next agent, also when its set is gone from the configuration", async () => {
  const before = '{command: [sh, -c, "echo > DIR/at-rest; while [ -e DIR/hold ]; do sleep 0.05; done"]}';
  await using host = await started(`before: ${before}\nafter: {command: [rm, DIR/at-rest]}`);
  host.write("hold", "");
  const making = host.agent.ostler("backup", "create", "data");
  await until(() => existsSync(host.at("at-rest")), "it is at rest");
  await host.agent.end("SIGKILL");
  await making;
  const config = readFileSync(host.agent.configFile, "utf8");
  host.agent.configure(config.slice(0, config.indexOf("    backups:\n      - ")));
  await host.agent.run();
  await until(() => !existsSync(host.at("at-rest")), "it is brought back");
});

test("nobody is started on what is half restored", async () => {
  const processes = "processes: {main: {command: [sh, -c, 'echo up >> DIR/runs; exec sleep 1000']}}";
  await using host = await started("", { processes });
  await host.agent.ostler("stop", "web");
  await host.agent.end("SIGTERM");
  mkdirSync(host.at("data/backup-records"), { recursive: true });
  host.write("data/backup-records/web.data.json", '{"service":"web","name":"data","hooks":false,"stopped":["main"]}');
  host.write("data/backup-records/web.data.swap", "{");
  await host.agent.run();
  const told = await until(async () => {
    const events = await host.agent.events("agent.degraded");
    return events.map(({ data }) => String(data.reason)).find((reason) => reason.includes("web.data.swap"));
  }, "it is told");
  assert.match(told, /record .* of a restore cannot be read/);
  for (const verb of ["start", "restart"]) {
    const { code, stderr } = await host.agent.ostler(verb, "web");
    assert.notEqual(code, 0);
    assert.match(stderr, /web cannot be started: a restore has left its files half old and half new/);
  }
  await host.comes("runs", "up\n");
  rmSync(host.at("data/backup-records/web.data.swap"));
  await host.agent.ready("web");
  await host.comes("runs", "up\nup\n");
});

test("what somebody has stopped meanwhile is not started by what comes back late", async () => {
  await using host = await started("");
  await host.agent.ostler("stop", "web");
  await host.agent.end("SIGTERM");
  mkdirSync(host.at("data/backup-records"), { recursive: true });
  host.write("data/backup-records/web.data.json", '{"service":"web","name":"data","hooks":false,"stopped":["main"]}');
  host.write("data/backup-records/web.data.swap", "{");
  await host.agent.run();
  await until(async () => (await host.agent.events("agent.degraded")).length > 0, "it is told");
  assert.match(await host.refused("create", "data"), /web is not backed up: a restore has left its files half old/);
  await host.agent.ostler("stop", "web");
  rmSync(host.at("data/backup-records/web.data.swap"));
  await until(() => readdirSync(host.at("data/backup-records")).length === 0, "it is back");
  const { services } = await host.agent.state();
  assert.equal(services.web?.processes.main?.phase.name, "stopped");
});

test("who is started when the host comes up again finds all of the old where a restore was half way", async () => {
  const processes = "processes: {main: {command: [sh, -c, 'cat DIR/state/one >> DIR/seen; exec sleep 1000']}}";
  await using host = await started("", { processes });
  const { services } = await host.agent.state();
  const phase = services.web?.processes.main?.phase;
  await host.agent.end("SIGKILL");
  assert.ok(phase && "pid" in phase);
  process.kill(-phase.pid, "SIGKILL");
  const id = "web.data.20261121T030000Z";
  const [place, directory] = [host.at("state"), host.at(`.ostler-restore.${id}.0`)];
  const before = host.at(`.ostler-before.${id}.0`);
  mkdirSync(directory);
  renameSync(place, before);
  mkdirSync(place);
  host.write("state/one", "half\n");
  const inode = String(statSync(place, { bigint: true }).ino);
  const move = {
    place,
    before,
    staged: { path: join(directory, "state"), inode },
    keptAs: `${place}.x`,
    isKept: false,
  };
  const record = {
    format: "ostler-swap/1",
    id,
    phase: "swapping",
    stagings: [{ places: [place], directory }],
    parents: [],
  };
  mkdirSync(host.at("data/backup-records"), { recursive: true });
  host.write("data/backup-records/web.data.swap", JSON.stringify({ ...record, moves: [move], dressed: [] }));
  await host.agent.run();
  await until(() => host.read("seen").split("\n").length > 2, "it is started again");
  assert.equal(host.read("seen"), "first\nfirst\n");
  await until(() => readdirSync(host.at("data/backup-records")).length === 0, "the rest is cleaned up");
  assert.deepEqual(
    readdirSync(host.agent.directory).filter((name) => name.startsWith(".ostler-")),
    [],
  );
});

test("what undoes a `before` is not run beside one that a killed agent has left", async () => {
  const before = "{command: [sh, -c, \"trap '' TERM; echo $$ > DIR/before.pid; sleep 1000\"]}";
  const early = "kill -0 $(cat DIR/before.pid) && echo > DIR/early";
  await using host = await started(`before: ${before}\nafter: {command: [sh, -c, "${early}; echo > DIR/after"]}`);
  const making = host.agent.ostler("backup", "create", "data");
  await until(() => existsSync(host.at("before.pid")), "it has begun");
  await host.agent.end("SIGKILL");
  await making;
  await host.agent.run();
  await until(() => existsSync(host.at("after")), "it is brought back");
  assert.equal(existsSync(host.at("early")), false);
});
