import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { started } from "./helpers/backup-host.js";
import { until } from "./helpers/until.js";

test("a backup is made, listed and verified, and everything comes back from it", async () => {
  await using host = await started("");
  const before = host.contents("state");
  const { id, files, flaws } = await host.made();
  assert.match(id, /^web\.data\.\d{8}T\d{6}Z$/);
  assert.deepEqual([files, flaws], [3, { isEmpty: false, changed: [], vanished: [], skipped: [] }]);
  const [listed, ...others] = await host.listed();
  assert.deepEqual([listed?.id, listed?.files, others.length], [id, 3, 0]);
  assert.ok(listed?.verifiedAt !== undefined);
  const { stdout: status } = await host.agent.ostler("status", "web");
  assert.match(status, /^ {2}data +backed up +\d+s +backups: verified \d+s ago$/m);
  rmSync(host.at("state"), { recursive: true });
  assert.match(await host.refused("restore", id, "--yes"), /runs.*--stop/s);
  await host.backup("restore", id, "--yes", "--stop");
  assert.equal(host.contents("state"), before);
  await host.agent.ready("web");
  const [restored] = await host.agent.events("backup.restored");
  assert.equal(restored?.data.safety, undefined);
});

test("what was there before a restore is in a backup of its own, and what no backup has is put aside", async () => {
  await using host = await started("exclude: [state/cache]");
  const { id } = await host.made();
  host.write("state/one", "newer\n");
  mkdirSync(host.at("state/cache"));
  host.write("state/cache/hot", "x");
  const out = await host.backup("restore", "data", "--yes", "--stop");
  assert.equal(host.read("state/one"), "first\n");
  const [safety] = (await host.listed()).filter((one) => one.id !== id);
  assert.match(safety?.note ?? "", /before the restore/);
  assert.match(out, /put aside: .*state\.before-/);
  const aside = readdirSync(host.agent.directory).find((name) => name.startsWith("state.before-"));
  assert.equal(host.read(`${aside}/cache/hot`), "x");
  await host.backup("restore", safety?.id ?? "", "--to", host.at("elsewhere"));
  assert.equal(host.read(`elsewhere${host.at("state/one")}`), "newer\n");
});

test("a service that was stopped is restored without being asked, and stays stopped", async () => {
  await using host = await started("");
  await host.made();
  await host.agent.ostler("stop", "web");
  rmSync(host.at("state"), { recursive: true });
  await host.backup("restore", "data", "--yes");
  assert.equal(host.read("state/one"), "first\n");
  const { services } = await host.agent.state();
  assert.equal(services.web?.processes.main?.phase.name, "stopped");
});

test("a file whose name is not UTF-8 is put in place by its bytes, and not below a directory that has such a name", async () => {
  await using host = await started("paths: [state/*]");
  const odd = (path: string): Buffer =>
    Buffer.concat([Buffer.from(host.at("state/n")), Buffer.of(0xff), Buffer.from(path)]);
  mkdirSync(odd("-dir"));
  writeFileSync(odd("-dir/x"), "first\n");
  writeFileSync(odd(""), "first\n");
  const { id } = await host.made();
  for (const path of ["", "-dir/x"]) writeFileSync(odd(path), "newer\n");
  const said = await host.refused("restore", id, "--only", host.at("state/n?-dir/x"), "--yes", "--stop");
  assert.match(said, /n\\xff-dir\/x.*not UTF-8.*--to/s);
  await host.backup("restore", id, "--yes", "--stop");
  for (const path of ["", "-dir/x"]) assert.equal(readFileSync(odd(path), "utf8"), "first\n");
  assert.deepEqual(readdirSync(host.at("state"), { encoding: "latin1" }).toSorted(), [
    "deep",
    "link",
    "n\xff",
    "n\xff-dir",
    "one",
  ]);
});

test("what a restore replaces is backed up before, also when the set has other paths by now", async () => {
  await using host = await started("");
  const { id } = await host.made();
  const config = readFileSync(host.agent.configFile, "utf8");
  host.agent.configure(config.replace("paths: [state]", "paths: [other]"));
  await host.agent.ostler("reload");
  host.write("other", "of today\n");
  host.write("state/one", "newer\n");
  await host.backup("restore", id, "--yes", "--stop");
  const [safety] = (await host.listed()).filter((one) => one.note !== undefined);
  await host.backup("restore", safety?.id ?? "", "--to", host.at("elsewhere"));
  assert.equal(host.read(`elsewhere${host.at("state/one")}`), "newer\n");
  assert.equal(host.read(`elsewhere${host.at("other")}`), "of today\n");
});

test("archives of another machine are listed and restored where they were copied to", async () => {
  await using old = await started("");
  const { id } = await old.made();
  await using fresh = await started("");
  cpSync(old.at("data/backups"), fresh.at("data/backups"), { recursive: true });
  assert.deepEqual(
    (await fresh.listed()).map((one) => [one.id, one.problem]),
    [[id, undefined]],
  );
  await fresh.backup("restore", "data", "--to", fresh.at("look"));
  assert.equal(fresh.read(`look${old.at("state/one")}`), "first\n");
});

test("a part of a backup is restored alone", async () => {
  await using host = await started("");
  const { id } = await host.made();
  host.write("state/one", "newer\n");
  host.write("state/deep/er/two", "newer\n");
  await host.backup("restore", id, "--only", `${host.at("state")}/deep/**`, "--yes", "--stop");
  assert.equal(host.read("state/one"), "newer\n");
  assert.equal(host.read("state/deep/er/two").length, 70_000);
});

test("before a restore into place it is asked about the very backup and what it replaces, also of another set's making", async () => {
  await using host = await started("");
  await host.made();
  const { id } = await host.made();
  host.write("state/one", "newer\n");
  const said = await host.refused("restore", "data", "--stop");
  assert.ok(said.includes(`Restore ${id} (made 20`), said);
  assert.ok(said.includes(`It replaces ${host.at("state")}. What`), said);
  assert.match(said, /--yes/);
  assert.match(await host.refused("restore", id, "--only", "/x/*"), /It replaces what matches \/x\/\* of /);
  const manifest = host.read(`data/backups/${id}.json`);
  host.write(`data/backups/${id}.json`, manifest.replace(`"paths":["`, `"paths":["/etc/cron.d/x\\u001b[2J","`));
  const odd = await host.refused("restore", "data");
  assert.ok(odd.includes(`It replaces /etc/cron.d/x\\u001b[2J, ${host.at("state")}. `), odd);
  assert.match(await host.refused("restore", "web.data.20200101T000000Z"), /There is no such backup/);
  assert.equal(host.read("state/one"), "newer\n");
});

test("a directory that is named is restored with all that is in it, into place as well as elsewhere", async () => {
  await using host = await started("");
  const { id } = await host.made();
  for (const [only, to] of [
    [host.at("state/deep"), "first"],
    [`${host.at("state/deep")}/`, "second"],
  ] as const) {
    await host.backup("restore", id, "--only", only, "--to", host.at(to));
    assert.equal(host.read(`${to}${host.at("state/deep/er/two")}`).length, 70_000);
    assert.ok(!existsSync(host.at(`${to}${host.at("state/one")}`)));
    host.write("state/deep/er/two", "newer\n");
    await host.backup("restore", id, "--only", only, "--yes", "--stop");
    assert.equal(host.read("state/deep/er/two").length, 70_000);
  }
});

test("what holds the backups themselves is not restored into place, and nothing is stopped for it", async () => {
  await using host = await started("paths: [.]");
  const { id } = await host.made();
  assert.match(await host.refused("restore", id, "--yes", "--stop"), /it holds \S*data\/backups.*--to.*--only/s);
  assert.equal((await host.listed()).length, 1);
  assert.deepEqual(await host.agent.events("service.stopped"), []);
});

test("a backup without what must be in it is none, and one without any file is loud", async () => {
  await using host = await started("required: [state/identity]\nmax_age: 1d");
  assert.match(await host.refused("create", "data"), /state\/identity/);
  assert.deepEqual(await host.listed(), []);
  const [failed] = await host.agent.events("backup.failed");
  assert.match(String(failed?.data.reason), /state\/identity/);
  rmSync(host.at("state"), { recursive: true });
  mkdirSync(host.at("state"));
  host.agent.configure(readFileSync(host.agent.configFile, "utf8").replace(/required.*/, ""));
  await host.agent.ostler("reload");
  assert.match(await host.backup("create", "data"), /THERE IS NO FILE IN IT/);
});

test("an archive that is not what it was is told, and never taken for the last good one", async () => {
  await using host = await started("keep: {last: 1}\nverify: {after: false}");
  const first = await host.made();
  const dir = host.at("data/backups");
  const archive = readdirSync(dir).find((name) => /\.tar\.(zst|gz)$/.test(name)) ?? "";
  const path = join(dir, archive);
  const bytes = readFileSync(path);
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 0xff;
  writeFileSync(path, bytes);
  assert.match(await host.refused("verify", "data"), /corrupt|damaged|SHA-256/i);
  const [damaged] = await host.agent.events("backup.damaged");
  assert.equal(damaged?.data.id, first.id);
  assert.match((await host.listed())[0]?.problem ?? "", /./);
  assert.match(await host.refused("restore", "data", "--to", host.at("elsewhere")), /known to be broken/);
  assert.match(await host.refused("restore", first.id, "--yes", "--stop"), /./);
  assert.match(await host.refused("restore", first.id, "--to", host.at("made/for/it")), /./);
  assert.ok(!existsSync(host.at("made")), "nothing is left of it");
  assert.equal(host.read("state/one"), "first\n");
  truncateSync(path, 10);
  const listed = (await host.listed()).find(({ id }) => id === first.id);
  assert.ok(listed?.problem !== undefined);
});

test("a cold backup stops the service and starts it again, also when it fails", async () => {
  const processes = "processes: {main: {command: [sh, -c, 'echo up >> DIR/runs; exec sleep 1000']}}";
  await using host = await started("mode: cold\nrequired: [state/identity]", { processes });
  assert.match(await host.refused("create", "data"), /identity/);
  host.write("state/identity", "x");
  await host.agent.ready("web");
  await host.made();
  await host.agent.ready("web");
  await host.comes("runs", "up\nup\nup\n");
});

test("a cold backup stops what runs, and leaves alone what has completed or was given up", async () => {
  const processes = `restart: {policy: never}
    processes:
      init: {command: [sh, -c, "echo init >> DIR/runs"], type: oneshot}
      bad: {command: [sh, -c, "exit 3"]}
      main: {command: [sh, -c, "echo main >> DIR/runs; exec sleep 1000"], after: [init: completed]}`;
  await using host = await started("mode: cold", { processes, isReady: false });
  const phases = async (): Promise<string[]> => {
    const { services } = await host.agent.state();
    return Object.values(services.web?.processes ?? {}).map(({ phase }) => phase.name);
  };
  await until(async () => (await phases()).join() === "completed,gave-up,running", "all have begun");
  await host.made();
  assert.deepEqual(await phases(), ["completed", "gave-up", "running"]);
  await host.comes("runs", "init\nmain\nmain\n");
});

test("backups are made by schedule, and old ones go", async () => {
  await using host = await started('schedule: "* * * * * *"\nkeep: {last: 2}');
  await until(async () => (await host.agent.events("backup.pruned")).length >= 2, "some have gone");
  assert.ok((await host.listed()).length <= 3);
  const [triggered] = await host.agent.events("backup.triggered");
  assert.equal(triggered?.data.doing, "create");
});

test("what is kept is explained before anything goes", async () => {
  await using host = await started("keep: {daily: 1}");
  await host.made();
  appendFileSync(host.at("state/one"), "more\n");
  const { id } = await host.made();
  const out = await host.backup("prune", "data", "--dry-run");
  assert.match(out, new RegExp(`keep +${id.replaceAll(".", "\\.")} .*daily`));
});

test("a backup whose manifest cannot be read has the time of its id, and is not removed as an old one", async () => {
  await using host = await started("keep: {last: 1}");
  const { id } = await host.made();
  host.write(`data/backups/${id}.json`, "not a manifest\n");
  const next = await host.made();
  const found = (await host.listed()).find((one) => one.id === id);
  const [, time = ""] = /(\d{8}T\d{6})Z/.exec(id) ?? [];
  assert.equal(found?.time.replace(/[-:]|\.\d+Z/g, ""), time);
  assert.match(found?.problem ?? "", /cannot be read/);
  const said = await host.backup("prune", "data", "--dry-run");
  assert.match(said, new RegExp(`keep +${next.id}.*keep +${id} +.*cannot be read`, "s"));
});

test("a drill proves that a backup restores, and says when it does not", async () => {
  const check = `{command: [sh, -c, "test $(cat $OSTLER_DRILL_DIR$PLACE/state/one) = first && echo fine"], env: {PLACE: "DIR"}}`;
  await using host = await started(`drill: {check: ${check}}`);
  await host.made();
  assert.match(await host.backup("drill", "data"), /fine\n.* is proven to restore: 3 files/);
  assert.ok((await host.listed())[0]?.provenAt !== undefined);
  host.write("state/one", "second\n");
  await host.made();
  assert.match(await host.refused("drill", "data"), /exited with code 1/);
  assert.deepEqual(existsSync(host.at("data/drills")) ? readdirSync(host.at("data/drills")) : [], []);
});

test("the age of backups and of the last proven one raises alerts", async () => {
  await using host = await started("max_age: 1d\ndrill: {max_age: 2d}");
  await until(async () => (await host.agent.events("alert.fired")).length === 2, "both are missing");
  await host.made();
  await host.backup("drill", "data");
  await until(async () => (await host.agent.events("alert.resolved")).length === 2, "both are there");
  const metrics = String(await host.agent.get("/metrics"));
  assert.match(metrics, /ostler_backup_age_seconds\{service="web",backup="data"\} \d/);
  assert.match(metrics, /ostler_backup_files\{service="web",backup="data"\} 3/);
});

test("a backup that is withdrawn leaves nothing, and brings back what was at rest", async () => {
  const hooks =
    'before: {command: [sh, -c, "echo > DIR/begun; exec sleep 1000"]}\nafter: {command: [sh, -c, "echo > DIR/after"]}';
  await using host = await started(hooks);
  const making = spawn(process.execPath, host.agent.words("backup", "create", "data"), { stdio: "ignore" });
  await until(() => existsSync(host.at("begun")), "it has begun");
  making.kill("SIGINT");
  const [code] = (await once(making, "exit")) as [number];
  assert.notEqual(code, 0);
  assert.ok(existsSync(host.at("after")));
  const [failed] = await host.agent.events("backup.failed");
  assert.equal(failed?.data.doing, "create");
  assert.deepEqual(existsSync(host.at("data/backups")) ? readdirSync(host.at("data/backups")) : [], []);
});

test("a backup is copied to a second directory, and goes from there when it is not to be kept any longer", async () => {
  await using host = await started("copy_to: {dir: DIR/second, must_be_mount: false}\nkeep: {last: 1}");
  const first = await host.made();
  const inSecond = (): string[] => readdirSync(host.at("second")).filter((name) => name.endsWith(".json"));
  assert.deepEqual(inSecond(), [`${first.id}.json`]);
  const { id } = await host.made();
  assert.deepEqual(inSecond(), [`${id}.json`]);
  assert.deepEqual(
    (await host.listed()).map(({ copiedTo }) => copiedTo),
    [host.at("second")],
  );
});

test("copies that lie among what is backed up are in no backup, and what else is there is", async () => {
  await using host = await started("copy_to: {dir: DIR/state/second, must_be_mount: false}");
  const counts: number[] = [];
  for (let count = 0; count < 3; count++) {
    counts.push((await host.made()).files);
    if (count === 0) host.write("state/second/other", "x");
  }
  assert.deepEqual(counts, [3, 4, 4]);
});

test("a backup is copied when the service runs again", async () => {
  await using host = await started("mode: cold\ncopy_to: {dir: DIR/second, must_be_mount: false}");
  const { id } = await host.made();
  const types = (await host.agent.events()).map(({ type }) => type);
  const after = (type: string): string[] => types.slice(types.lastIndexOf(`ostler.${type}`));
  assert.ok(after("service.stopped").includes("ostler.service.started"));
  assert.ok(after("service.started").includes("ostler.backup.copied"));
  const [copied] = await host.agent.events("backup.copied");
  assert.deepEqual([copied?.data.id, copied?.data.to], [id, host.at("second")]);
});

test("a copy that fails is told, costs neither the backup nor what follows, and is forgotten with the next one", async () => {
  await using host = await started("copy_to: {dir: DIR/second, must_be_mount: false}\nkeep: {last: 1}");
  const { id: first } = await host.made();
  rmSync(host.at("second"), { recursive: true });
  host.write("second", "in the way");
  const said = await host.refused("create", "data");
  const [{ id } = { id: "" }] = await host.listed();
  assert.notEqual(id, first);
  assert.match(said, new RegExp(`${id} was made; only its copy is missing.*second`, "s"));
  const [verified, pruned] = [await host.agent.events("backup.verified"), await host.agent.events("backup.pruned")];
  assert.deepEqual([verified.at(-1)?.data.id, pruned.at(-1)?.data.removed], [id, [first]]);
  const failed = await host.agent.events("backup.failed");
  assert.deepEqual(
    failed.map(({ data }) => [data.doing, data.id]),
    [["copy", id]],
  );
  assert.match((await host.agent.ostler("health")).stdout, /backups data, copy: .*second/);
  rmSync(host.at("second"));
  await host.made();
  assert.doesNotMatch((await host.agent.ostler("health")).stdout, /copy/);
});

test("what was made while the second disk was away is copied with the next backup, and what went meanwhile goes there, too", async () => {
  await using host = await started("copy_to: {dir: DIR/second, must_be_mount: false}\nkeep: {last: 2}");
  const { id: first } = await host.made();
  renameSync(host.at("second"), host.at("away"));
  host.write("second", "in the way");
  for (let made = 0; made < 2; made++) await host.refused("create", "data");
  rmSync(host.at("second"));
  renameSync(host.at("away"), host.at("second"));
  const missed = (await host.listed()).map(({ id }) => id);
  assert.ok(missed.length === 2 && !missed.includes(first));
  const inSecond = (): string[] => readdirSync(host.at("second")).filter((name) => name.endsWith(".json"));
  assert.deepEqual(inSecond(), [`${first}.json`]);
  const { id } = await host.made();
  const copied = (await host.agent.events("backup.copied")).map(({ data }) => data.id);
  assert.deepEqual(copied, [first, id, ...missed]);
  assert.deepEqual(new Set(inSecond()), new Set([`${id}.json`, `${missed[0]}.json`]));
  assert.doesNotMatch((await host.agent.ostler("health")).stdout, /copy/);
});

test("a first directory that is new costs no copy that is to be kept", async () => {
  await using host = await started("copy_to: {dir: DIR/second, must_be_mount: false}\nkeep: {last: 2}");
  const made = [await host.made(), await host.made()];
  rmSync(host.at("data/backups"), { recursive: true });
  const nextSecondMs = (Math.floor(Date.now() / 1000) + 1) * 1000;
  await until(() => Date.now() >= nextSecondMs, "another id is due");
  const { id } = await host.made();
  const inSecond = readdirSync(host.at("second")).filter((name) => name.endsWith(".json"));
  assert.deepEqual(new Set(inSecond), new Set([id, made[1]?.id].map((one) => `${one}.json`)));
});

test("a second directory that nothing is mounted on is refused, and the backup is there all the same", async () => {
  await using host = await started("copy_to: {dir: DIR/second}");
  assert.match(await host.refused("create", "data"), /was made; .*second.*mount/s);
  assert.deepEqual(
    (await host.listed()).map(({ copiedTo }) => copiedTo),
    [undefined],
  );
  assert.equal(existsSync(host.at("second")), false);
});

test("beyond what all backups may occupy there is none more, and that is said", async () => {
  await using host = await started("");
  await host.made();
  const config = readFileSync(host.agent.configFile, "utf8");
  host.agent.configure(config.replace("min_free: 1MiB", "min_free: 1MiB, max_size: 100B"));
  await host.agent.ostler("reload");
  assert.match(await host.refused("create", "data"), /may occupy 100 B.*agent\.backups\.max_size/s);
  assert.equal((await host.listed()).length, 1);
});
