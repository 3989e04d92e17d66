import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
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
  assert.equal(host.read("hooks"), "before\nafter\nbefore\nafter\n");
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
  assert.equal(host.read("runs"), "up\nup\n");
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
  assert.equal(host.read("runs"), "up\n");
  rmSync(host.at("data/backup-records/web.data.swap"));
  await host.agent.ready("web");
  assert.equal(host.read("runs"), "up\nup\n");
});
