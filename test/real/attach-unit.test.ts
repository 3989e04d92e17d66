import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import type { Envelope, ServiceState } from "@ostler/protocol";
import { until } from "../helpers/until.js";
import { Booted } from "./booted.js";
import { needs, needsRoot } from "./tools.js";

const programs = needs("unshare", "nsenter", "systemctl", "journalctl", "systemd-notify", "/lib/systemd/systemd");

/** A small service of the host's own: it says something, has a child, and ends by a signal like any program. */
const units = `
cat >/etc/systemd/system/db.service <<'END'
[Unit]
StartLimitIntervalSec=0
[Service]
ExecStart=/bin/sh -c 'echo "db begins"; sleep 1000 & wait'
Restart=on-failure
RestartSec=100ms
[Install]
WantedBy=basic.target
END
cat >/etc/systemd/system/frail.service <<'END'
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'echo "frail gives up"; exit 7'
END
cat >/etc/systemd/system/slow.service <<'END'
[Service]
ExecStart=/bin/sleep 1000
Restart=always
RestartSec=600
END
`;

const config = `
services:
  db:
    attach: {systemd: db.service}
    metrics: {scrape: {every: 1s, timeout: 1s, log: {values: {db_begins_total: {match: "^db begins$", type: counter}}}}}
  frail: {attach: {systemd: frail.service}}
  slow: {attach: {systemd: slow.service}}
  ghost: {attach: {systemd: ghost.service}}
`;

suite("a unit of systemd that is attached", { ...programs, ...needsRoot() }, () => {
  let host: Booted;

  before(async () => {
    host = await Booted.boot();
    host.shell(`
      ln -s /opt/ostler/packages/agent/bin/ostler.cjs /usr/bin/ostler
      command -v node >/dev/null || ln -s ${process.execPath} /usr/bin/node
      cp /opt/ostler/systemd/ostler.service /etc/systemd/system/
      mkdir -p /etc/ostler
      cat >/etc/ostler/ostler.yaml <<'END'
${config}
END
      ${units}
      systemctl daemon-reload
      systemctl enable --now db
      systemctl start slow ostler
    `);
  });
  after(() => host?.[Symbol.asyncDispose]());

  const show = (unit: string, property: string): string => host.shell(`systemctl show -P ${property} ${unit}`).trim();
  const service = (name: string): ServiceState =>
    (JSON.parse(host.shell(`ostler --json status`)) as Record<string, ServiceState>)[name] ?? assert.fail(name);
  const phase = (name: string): ServiceState["processes"][string]["phase"] =>
    service(name).processes.main?.phase ?? assert.fail(name);
  const is = (name: string, wanted: string): Promise<unknown> =>
    until(() => phase(name).name === wanted, `${name} is ${wanted}`);
  const events = (): Envelope[] =>
    host
      .shell("ostler --json events")
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as Envelope);
  /** What has happened to a service since there were so many events, without `ostler.service.`. */
  const story = (name: string, from = 0): string[] =>
    events()
      .slice(from)
      .filter(({ type, data }) => type.startsWith("ostler.service.") && data.service === name)
      .map(({ type }) => type.slice(15));
  const last = (name: string, type: string): Envelope["data"] =>
    events().findLast((event) => event.type === `ostler.service.${type}` && event.data.service === name)?.data ??
    assert.fail(type);
  const runs = async (name: string): Promise<number> =>
    until(() => {
      const its = phase(name);
      return its.name === "running" && String(its.pid) === show(name, "MainPID") ? its.pid : 0;
    }, `${name} runs`);

  test("is adopted where it runs, and everything of it is known", async () => {
    const pid = await runs("db");
    await until(() => story("db").join(" ") === "configured adopted ready", "that is stored, and nothing else");
    assert.deepEqual(service("db").attached, { owner: "systemd", name: "db.service" });
    assert.match(
      host.shell("ostler why db"),
      new RegExp(`It runs, pid ${pid}, .*; it belongs to systemd \\(db\\.service\\)`),
    );
    const usage = await until(() => {
      const { usage: its } = JSON.parse(host.shell("ostler --json status db")) as {
        usage: Record<string, { pids: number[]; children: object }>;
      };
      return its.main;
    }, "it is measured");
    assert.deepEqual([usage.pids[0], usage.pids.length, usage.children], [pid, 2, { sleep: 1 }]);
  });

  test("that is killed is restarted by systemd alone, and that is told once, with its cause", async () => {
    const [pid, from] = [await runs("db"), events().length];
    host.shell(`kill -9 ${pid}`);
    await until(() => story("db", from).includes("crashed") && story("db", from).includes("restarted"));
    const next = await runs("db");
    assert.notEqual(next, pid);
    const told = story("db", from).filter((type) => type !== "ready" && type !== "unready" && type !== "delayed");
    assert.deepEqual(told.sort(), ["crashed", "exited", "restarted"]);
    const { exit, cause, expected } = last("db", "exited");
    assert.deepEqual([exit, cause, expected], [{ kind: "signal", signal: "SIGKILL", core: false }, "signal", false]);
    assert.match(String(last("db", "restarted").because), /it ended by SIGKILL; systemd restarted it \(NRestarts 1\)/);
    assert.deepEqual((last("db", "crashed").output as { stdout: string[] }).stdout, ["db begins"]);
    assert.equal(host.shell("pgrep -cf 'db begin[s]'").trim(), "1");
  });

  test("restarts through systemctl, and the command ends when it is active again", async () => {
    const [pid, from] = [await runs("db"), events().length];
    assert.equal(host.run("ostler", "restart", "db", "--reason", "new data").code, 0);
    assert.notEqual(String(pid), show("db", "MainPID"));
    assert.equal(show("db", "NRestarts"), "0");
    const told = story("db", from).filter((type) => type !== "ready" && type !== "unready");
    assert.deepEqual(told, ["exited", "restarted"]);
    assert.deepEqual([last("db", "restarted").because, last("db", "exited").expected], ["new data", true]);
    await runs("db");
  });

  test("that somebody stops with systemctl is stopped, and left alone", async () => {
    await runs("db");
    const before = events().length;
    host.shell("systemctl stop db");
    await until(() => story("db", before).includes("stopped"), "its stop is stored");
    assert.equal(last("db", "exited").expected, true);
    host.shell("systemctl restart ostler");
    assert.equal(host.run("ostler", "restart", "slow").code, 0); // Long enough for an agent to do something foolish.
    assert.deepEqual([phase("db").name, show("db", "ActiveState")], ["stopped", "inactive"]);
    const from = events().length;
    host.shell("systemctl start db");
    await runs("db");
    await until(() => story("db", from)[0] === "started", "its start is stored");
  });

  test("starts and stops through systemctl", async () => {
    await runs("db");
    assert.equal(host.run("ostler", "stop", "db").code, 0);
    assert.deepEqual([phase("db").name, show("db", "ActiveState")], ["stopped", "inactive"]);
    assert.equal(host.run("ostler", "start", "db").code, 0);
    assert.equal(phase("db").name, "running");
    assert.equal(host.run("ostler", "start", "db").code, 0);
  });

  test("that fails is not restarted, with the result of its unit", async () => {
    assert.equal(phase("frail").name, "stopped");
    host.run("systemctl", "start", "frail");
    await is("frail", "gave-up");
    const its = phase("frail");
    assert.ok(its.name === "gave-up" && its.reason === "frail.service has failed, its result is exit-code", its.name);
    const { code, stderr } = host.run("ostler", "restart", "frail");
    assert.equal(code, 1);
    assert.match(stderr, /"frail\/main": .*frail\.service has failed, its result is exit-code/);
  });

  test("that waits for systemd to restart it waits here as well", async () => {
    const [pid, from] = [await runs("slow"), events().length];
    host.shell(`kill -9 ${pid}`);
    await until(() => story("slow", from).includes("delayed"), "its delay is stored");
    const { cause, exit } = last("slow", "exited");
    assert.deepEqual([cause, exit], ["signal", { kind: "signal", signal: "SIGKILL", core: false }]);
    const { delayMs, because } = last("slow", "delayed");
    assert.deepEqual([delayMs, because], [600_000, "systemd restarts slow.service after result signal"]);
    assert.equal(host.run("ostler", "start", "slow").code, 0);
    await runs("slow");
  });

  test("has its output in the journal, where it is read and followed", async () => {
    await runs("db");
    const lines = host.shell("ostler logs db -n 200 --grep 'db begins'").trim().split("\n");
    assert.equal(lines[0], "main db begins");
    const { stream, text } = JSON.parse(
      host.shell("ostler --json logs db -n 200 --grep begins").split("\n")[0] ?? "",
    ) as Record<string, string>;
    assert.deepEqual([stream, text], ["journal", "db begins"]);
    host.shell("(timeout 60 ostler logs db -n 0 --follow >/tmp/followed 2>&1 &)");
    await until(() => host.run("pgrep", "-f", "journalctl.*--follow").code === 0, "it follows");
    await until(() => {
      host.shell("systemctl restart db"); // Again and again: journalctl may not have begun to listen.
      return host.run("grep", "-q", "db begins", "/tmp/followed").code === 0;
    }, "what is new comes");
    host.shell("pkill -f 'logs db -n [0]'");
    await until(() => host.run("pgrep", "-f", "journalctl.*--follow").code !== 0, "nobody follows any more");
    await runs("db");
  });

  test("has its numbers from the journal, each line once", async () => {
    host.shell("systemctl restart ostler");
    await runs("db");
    const page = `require("http").get({socketPath: "/run/ostler/ostler.sock", path: "/metrics"}, (page) => page.pipe(process.stdout))`;
    const begins = (): number => {
      const [, count] = /^db_begins_total\{.*\} (\d+)$/m.exec(host.shell(`node -e '${page}'`)) ?? [];
      return count === undefined ? -1 : Number(count);
    };
    await until(() => begins() === 0, "it counts from when the agent began");
    for (let times = 1; times <= 3; times++) {
      host.shell("systemctl restart db");
      await until(() => begins() === times, `it has begun ${times} times`);
    }
  });

  test("goes on with its story when the agent was away", async () => {
    const [pid, from] = [await runs("db"), events().length];
    host.shell("systemctl stop ostler");
    host.shell(`kill -9 ${pid}`);
    await until(() => show("db", "NRestarts") === "1" && show("db", "SubState") === "running", "systemd restarts it");
    host.shell("systemctl start ostler");
    assert.notEqual(await runs("db"), pid);
    const told = (): string[] =>
      story("db", from).filter((type) => ["exited", "restarted", "adopted", "started"].includes(type));
    await until(() => told().join(" ") === "exited restarted", "its restart is stored");
    const { cause, whileAway } = last("db", "exited");
    assert.deepEqual([cause, whileAway], ["signal", true]);
    const again = events().length;
    host.shell("systemctl restart ostler");
    await until(() => story("db", again).includes("adopted"), "the same run is adopted");
  });

  test("that is isolated is stopped, and nobody fights for it: who starts it is heard of", async () => {
    await runs("db");
    assert.equal(host.run("ostler", "isolate", "db", "--reason", "odd data").code, 0);
    assert.equal(show("db", "ActiveState"), "inactive");
    host.shell("systemctl start db");
    await runs("db");
    const degraded = await until(
      () => events().findLast(({ type, data }) => type === "ostler.agent.degraded" && data.part === "isolation of db"),
      "it is told",
    );
    assert.match(
      String(degraded.data.reason),
      /db is isolated, but its owner runs it .*systemctl mask --now db\.service/,
    );
    assert.equal(show("db", "ActiveState"), "active");
    assert.equal(host.run("ostler", "isolate", "db", "--reason", "again").code, 0);
    assert.equal(show("db", "ActiveState"), "inactive");
    await until(() =>
      events().some(({ type, data }) => type === "ostler.agent.recovered" && data.part === "isolation of db"),
    );
    assert.equal(host.run("ostler", "release", "db").code, 0);
    assert.equal(show("db", "ActiveState"), "active");
  });

  test("that does not exist is told as such", async () => {
    const { code, stdout } = host.run("ostler", "validate", "--preflight");
    assert.deepEqual([code, stdout.includes("services.ghost: systemd has no unit ghost.service.")], [3, true]);
    assert.doesNotMatch(stdout, /services\.(db|slow|frail)/);
    await is("ghost", "gave-up");
    const its = phase("ghost");
    assert.ok(its.name === "gave-up" && its.reason === "systemd has no unit ghost.service", its.name);
    assert.match(host.run("ostler", "start", "ghost").stderr, /Unit ghost\.service not found/);
  });

  test("that leaves the configuration runs on", async () => {
    const pid = await runs("db");
    host.shell("sed -i '/db:/,/metrics:/d' /etc/ostler/ostler.yaml && ostler reload");
    assert.deepEqual([show("db", "MainPID"), story("db").at(-1)], [String(pid), "removed"]);
  });
});
