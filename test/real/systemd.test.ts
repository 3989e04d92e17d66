import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { until } from "../helpers/until.js";
import { Booted } from "./booted.js";
import { needs, needsRoot } from "./tools.js";

const programs = needs("unshare", "nsenter", "systemctl", "systemd-notify", "/lib/systemd/systemd");

suite("the systemd unit", { ...programs, ...needsRoot() }, () => {
  let host: Booted;

  before(async () => {
    host = await Booted.boot();
    host.shell(`
      ln -s /opt/ostler/packages/agent/bin/ostler.cjs /usr/bin/ostler
      command -v node >/dev/null || ln -s ${process.execPath} /usr/bin/node
      cp /opt/ostler/systemd/ostler.service /etc/systemd/system/
      mkdir -p /etc/ostler
      cat >/etc/ostler/ostler.yaml <<'END'
services:
  sleeper: {command: [sleep, "600"]}
END
      systemctl daemon-reload
    `);
  });
  after(() => host?.[Symbol.asyncDispose]());

  const show = (property: string): string => host.shell(`systemctl show -P ${property} ostler`).trim();
  const servicePid = async (): Promise<string> =>
    until(() => /pid (\d+)/.exec(host.run("ostler", "status", "sleeper").stdout)?.[1], "the service runs");

  test("is one that systemd understands without a remark", () => {
    const { code, stderr } = host.run("systemd-analyze", "verify", "/etc/systemd/system/ostler.service");
    assert.deepEqual([code, stderr], [0, ""]);
  });

  test("is started when the agent says that it is ready", async () => {
    assert.equal(host.run("systemctl", "start", "ostler").code, 0);
    assert.equal(show("ActiveState"), "active");
    assert.match(show("StatusText"), /looking after sleeper/);
    assert.equal(host.run("ostler", "health").code, 0);
    await servicePid();
  });

  test("keeps its socket, its records and its data where systemd made room for them", () => {
    assert.match(host.shell("ls /run/ostler /var/lib/ostler"), /ostler\.sock[^]*journal/);
    assert.equal(host.shell("stat -c %a /run/ostler/ostler.sock").trim(), "600");
  });

  test("reloads, and a refused configuration fails the reload and changes nothing", async () => {
    const pid = await servicePid();
    assert.equal(host.run("systemctl", "reload", "ostler").code, 0);
    host.shell("cp /etc/ostler/ostler.yaml /tmp/good.yaml; echo 'servces: {}' >/etc/ostler/ostler.yaml");
    assert.notEqual(host.run("systemctl", "reload", "ostler").code, 0);
    assert.equal(show("ActiveState"), "active");
    host.shell("cp /tmp/good.yaml /etc/ostler/ostler.yaml");
    assert.equal(host.run("systemctl", "reload", "ostler").code, 0);
    assert.equal(await servicePid(), pid);
  });

  test("leaves the service running when it is stopped, and finds it again when it is started", async () => {
    const pid = await servicePid();
    host.shell("systemctl stop ostler");
    assert.equal(show("ActiveState"), "inactive");
    assert.equal(host.run("kill", "-0", pid).code, 0);
    host.shell("systemctl start ostler");
    assert.equal(await servicePid(), pid);
  });

  test("is restarted by systemd after kill -9, and the service does not notice", async () => {
    const pid = await servicePid();
    const agent = show("MainPID");
    host.shell(`kill -9 ${agent}`);
    await until(() => show("ActiveState") === "active" && show("MainPID") !== agent && show("MainPID") !== "0");
    assert.equal(await servicePid(), pid);
  });

  test("is fed by the agent's watchdog", () => {
    assert.equal(show("WatchdogUSec"), "30s");
    assert.notEqual(show("WatchdogTimestampMonotonic"), "0");
  });

  test("lets nothing of systemd's into the service's environment", async () => {
    const environment = host.shell(`tr '\\0' '\\n' </proc/${await servicePid()}/environ`);
    assert.doesNotMatch(environment, /NOTIFY_SOCKET|WATCHDOG|INVOCATION_ID|LISTEN_/);
  });
});
