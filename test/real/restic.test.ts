import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  utimesSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { until } from "../helpers/until.js";
import { failing, never, ResticHouse, restoreTo } from "./restic.js";
import { needs, pathOf } from "./tools.js";

const noFlaws = { isEmpty: false, changed: [], vanished: [], skipped: [] };

test("a backup by restic is made, listed, verified, restored as it was, and removed", needs("restic"), async () => {
  using house = new ResticHouse();
  house.write("files/a.txt", "alpha");
  house.write("files/sub/secret", "beta", 0o600);
  symlinkSync("a.txt", house.at("files/link"));
  mkdirSync(house.at("files/open"), { mode: 0o755 });
  chmodSync(house.at("files/open"), 0o1777);
  utimesSync(house.at("files/a.txt"), 1_000_000_000, 1_000_000_000);
  const engine = house.engine({ mode: "cold" });
  const made = await engine.create("before 1.2, the new one", house.doing());
  assert.match(made.id, /^web\.data\.\d{8}T\d{6}Z$/);
  assert.deepEqual([made.files, made.bytes, made.flaws], [2, 9, noFlaws]);
  assert.ok(made.storedBytes > 0);

  const { backups, problems } = await engine.list(never);
  assert.deepEqual(problems, []);
  const [{ time, ...listed } = assert.fail("it is not listed")] = backups;
  assert.ok(Math.abs(Date.parse(time) - Date.now()) < 600_000);
  assert.deepEqual(listed, {
    ...{ id: made.id, service: "web", name: "data", engine: "restic", mode: "cold", encrypted: true, flawed: false },
    ...{ files: 2, size: 9, storedSize: made.storedBytes, note: "before 1.2, the new one" },
    paths: [house.at("files")],
  });
  assert.deepEqual(await engine.verify(made.id, house.doing()), { files: 2, bytes: 9, isWhole: true });
  assert.deepEqual(await engine.rootsOf(made.id, undefined, never), [house.at("files")]);

  const into = house.empty("into");
  assert.deepEqual(await engine.extract(made.id, into, undefined, house.doing()), { files: 2, bytes: 9 });
  const restored = join(into, house.at("files"));
  assert.equal(readFileSync(join(restored, "a.txt"), "utf8"), "alpha");
  assert.equal(lstatSync(join(restored, "a.txt")).mtimeMs, 1_000_000_000_000);
  assert.equal(lstatSync(join(restored, "sub/secret")).mode & 0o7777, 0o600);
  assert.equal(lstatSync(join(restored, "open")).mode & 0o7777, 0o1777);
  assert.equal(readlinkSync(join(restored, "link")), "a.txt");

  assert.equal(typeof (await engine.remove([made.id], house.doing())), "number");
  assert.deepEqual((await engine.list(never)).backups, []);
  assert.equal((await failing(engine.verify(made.id, house.doing()))).code, "not-found");
});

test(
  "globs are looked up, what is excluded is left out, and a part of it is restored alone",
  needs("restic"),
  async () => {
    using house = new ResticHouse();
    for (const name of ["a.db", "b.db", "[c].log", "sub/deep/x.log", "sub/deep/y", "cache/z"])
      house.write(`files/${name}`, name);
    const files = house.at("files");
    const engine = house.engine({
      paths: [`${files}/*.db`, `${files}/sub`, `${files}/sub/deep`, `${files}/none*`, `${files}/cache`],
      exclude: [`${files}/**/*.log`, `${files}/cache/`, `${files}/[!a].db`],
    });
    const { id, files: count } = await engine.create(undefined, house.doing());
    assert.equal(count, 2);
    assert.deepEqual(await engine.rootsOf(id, undefined, never), [`${files}/a.db`, `${files}/sub`]);
    assert.deepEqual(await engine.rootsOf(id, [`${files}/sub/de*`, `${files}/sub/deep/y`], never), [
      `${files}/sub/deep`,
    ]);
    assert.deepEqual(await engine.rootsOf(id, [`${house.dir}/`], never), [`${files}/a.db`, `${files}/sub`]);
    const into = house.empty("into");
    assert.deepEqual(await engine.extract(id, into, [`${files}/sub/de*`], house.doing()), { files: 1, bytes: 10 });
    assert.deepEqual(readdirSync(join(into, files)), ["sub"]);
    const whole = house.empty("whole");
    await engine.extract(id, whole, undefined, house.doing());
    assert.deepEqual(readdirSync(join(whole, files), { recursive: true }).sort(), [
      "a.db",
      "sub",
      "sub/deep",
      "sub/deep/y",
    ]);
  },
);

test("backups do not have the backups before them, whatever link leads there", needs("restic"), async () => {
  using house = new ResticHouse();
  const name = "web.data.20261120T100000Z";
  for (const file of ["files/a", `files/[copies]/${name}.tar.zst`, `files/[copies]/${name}.json`, "files/[copies]/b"])
    house.write(file, "x");
  symlinkSync(house.dir, house.at("link"));
  const about = { what: "ours", isOfBackups: true };
  const engine = house.engine({
    paths: [house.at("link/files")],
    restic: { repository: house.at("files/repository") },
    own: [
      { path: house.at("files/repository"), isOursAlone: true, ...about },
      { path: house.at("link/files/[copies]"), isOursAlone: false, ...about },
    ],
  });
  await engine.create(undefined, house.doing());
  const { id, files } = await engine.create(undefined, house.doing());
  assert.equal(files, 2);
  await engine.extract(id, house.empty("into"), undefined, house.doing());
  assert.deepEqual(readdirSync(house.at(`into${house.at("link/files")}`), { recursive: true }).toSorted(), [
    "[copies]",
    "[copies]/b",
    "a",
  ]);
});

test("without what is required there is no backup, and all of it is named", needs("restic"), async () => {
  using house = new ResticHouse();
  house.write("files/here", "x");
  const required = ["here", "gone", "*.db"].map((name) => house.at(`files/${name}`));
  const { code, message } = await failing(house.engine({ required }).create(undefined, house.doing()));
  assert.equal(code, "required-missing");
  assert.ok(message.includes(house.at("files/gone")) && message.includes(house.at("files/*.db")));
  assert.ok(!message.includes(house.at("files/here")));
  assert.equal(existsSync(house.repository), false);
});

test("a backup of nothing is one without files, and restores nothing", needs("restic"), async () => {
  using house = new ResticHouse();
  const engine = house.engine({ paths: [house.at("gone")] });
  const { id, files, flaws } = await engine.create(undefined, house.doing());
  assert.deepEqual([files, flaws.isEmpty], [0, true]);
  assert.equal((await engine.list(never)).backups[0]?.flawed, true);
  assert.deepEqual(await engine.rootsOf(id, undefined, never), []);
  assert.deepEqual(await engine.extract(id, house.empty("into"), undefined, house.doing()), { files: 0, bytes: 0 });
  assert.deepEqual(readdirSync(house.at("into")), []);
  const bare = await house.engine().create(undefined, house.doing());
  assert.equal(bare.flaws.isEmpty, true);
});

test("only the set's own snapshots are listed and removed", needs("restic"), async () => {
  using house = new ResticHouse();
  house.write("files/a", "a");
  const [engine, other] = [house.engine(), house.engine({}, "shop")];
  const { id } = await engine.create(undefined, house.doing());
  const second = await engine.create(undefined, house.doing());
  const others = await other.create(undefined, house.doing());
  house.restic("backup", house.at("files"));
  house.restic("backup", "--host", "elsewhere", "--tag", `ostler,service=web,name=data,id=${id}`, house.at("files"));
  house.restic("backup", "--tag", "ostler,service=web,name=data", house.at("files"));
  assert.notEqual(second.id, id);
  const listed = await engine.list(never);
  assert.deepEqual(
    listed.backups.map((one) => one.id),
    [second.id, id],
  );
  assert.match(listed.problems.join(), /^Snapshot \w{8} has no tag `id=`/);
  await engine.remove([id, others.id], house.doing());
  assert.deepEqual(
    (await engine.list(never)).backups.map((one) => one.id),
    [second.id],
  );
  assert.equal((await other.list(never)).backups.length, 1);
  assert.equal((JSON.parse(house.restic("snapshots", "--json")) as unknown[]).length, 5);
});

test("a host with another name finds nothing, until it says what it was called", needs("restic"), async () => {
  using house = new ResticHouse();
  house.write("files/a", "four");
  const { id } = await house.engine({ restic: { host: "old" } }).create(undefined, house.doing());
  const here = house.engine();
  assert.deepEqual((await here.list(never)).backups, []);
  assert.equal((await failing(here.extract(id, house.empty("none"), undefined, house.doing()))).code, "not-found");
  const again = house.engine({ restic: { host: "old" } });
  const next = await again.create(undefined, house.doing());
  assert.deepEqual(
    (await again.list(never)).backups.map((one) => one.id),
    [next.id, id],
  );
  await again.remove([id], house.doing());
  const left = JSON.parse(house.restic("snapshots", "--json")) as { hostname: string }[];
  assert.deepEqual(
    left.map(({ hostname }) => hostname),
    ["old"],
  );
});

test("an agent that has lost its notes counts the files anew", needs("restic"), async () => {
  using house = new ResticHouse();
  house.write("files/a", "four");
  house.write("files/b", "");
  const engine = house.engine();
  await engine.create(undefined, house.doing());
  rmSync(house.at("restic"), { recursive: true });
  const [listed] = (await engine.list(never)).backups;
  assert.deepEqual([listed?.files, listed?.size], [2, 4]);
});

test(
  "verifications read the repository part by part, and damage is told until it is mended",
  needs("restic"),
  async () => {
    using house = new ResticHouse();
    house.write("files/a", Buffer.alloc(300_000, "abc"));
    const engine = house.engine({ restic: { check_subset: 2 } });
    const { id } = await engine.create(undefined, house.doing());
    const next = (): unknown => JSON.parse(readFileSync(house.at("restic/notes/web.data.part"), "utf8"));
    const read = { files: 1, bytes: 300_000, isWhole: false };
    assert.deepEqual(await engine.verify(id, house.doing()), { ...read, part: "1/2" });
    assert.deepEqual(next(), { next: 2 });
    assert.deepEqual(await engine.verify(id, house.doing()), { ...read, part: "2/2" });
    assert.deepEqual(next(), { next: 1 });
    damage(house);
    const whole = house.engine({ restic: { check_subset: 1 } });
    const again = (): Promise<{ code: string; message: string }> => failing(whole.verify(id, house.doing()));
    assert.match((await again()).message, /repository contains errors \((pack|tree|error) /i);
    assert.equal((await again()).code, "damaged");
    assert.deepEqual(readdirSync(house.at("restic/fetched")), []);
    await assert.rejects(whole.extract(id, house.empty("into"), undefined, house.doing()));
  },
);

/** Changes a byte in each pack. */
function damage(house: ResticHouse): void {
  const data = join(house.repository, "data");
  for (const name of readdirSync(data, { recursive: true }).map(String)) {
    const path = join(data, name);
    if (!lstatSync(path).isFile()) continue;
    chmodSync(path, 0o600);
    const bytes = readFileSync(path);
    bytes[40] = (bytes[40] ?? 0) ^ 0xff;
    house.write(path.slice(house.dir.length + 1), bytes);
  }
}

test(
  "a wrong password, a repository that is not there and a host without restic are told apart",
  needs("restic"),
  async () => {
    using house = new ResticHouse();
    house.write("files/a", "a");
    const make = (restic: object): Promise<unknown> => house.engine({ restic }).create(undefined, house.doing());
    const none = await failing(make({ init: false }));
    assert.equal(none.code, "no-repository");
    assert.match(none.message, /set `init: true`/);
    assert.ok(!none.message.includes(house.repository), "its address is a secret");
    await make({});
    assert.equal((await failing(make({ password_file: house.write("wrong", "open barley") }))).code, "wrong-password");
    assert.match((await failing(make({ password_file: house.at("no-file") }))).message, /no-file does not exist/);
    const unreachable = await failing(make({ repository: "rest:http://me:hushhush@127.0.0.1:1/" }));
    assert.equal(unreachable.code, "failed");
    assert.ok(!unreachable.message.includes("hushhush"));
  },
);

test(
  "what cannot be read is skipped, named, and makes the backup a flawed one",
  needs("restic", "setpriv"),
  async () => {
    using house = new ResticHouse();
    house.write("files/good", "good");
    house.write("files/closed", "closed", 0o000);
    symlinkSync("good", house.at("link"));
    const bin = house.empty("bin");
    const asNobody = process.getuid?.() === 0 ? "setpriv --reuid 65534 --regid 65534 --clear-groups " : "";
    house.write("bin/restic", `#!/bin/sh\nexec ${asNobody}${pathOf("restic")} "$@"\n`, 0o755);
    for (const name of [".", "restic", "restic/cache", "repository"]) {
      mkdirSync(house.at(name), { recursive: true });
      chmodSync(house.at(name), 0o777);
    }
    const path = process.env.PATH;
    const engine = house.engine({
      paths: [house.at("files"), house.at("link")],
      restic: { env: { PATH: `${bin}:${path}`, HOME: house.dir } },
    });
    const { id, files, flaws } = await engine.create(undefined, house.doing());
    assert.equal(files, 1);
    assert.deepEqual(flaws.skipped, [
      `${house.at("link")}: a link: what it points to is not in it`,
      `${house.at("files/closed")}: permission denied`,
    ]);
    const { backups } = await engine.list(never);
    assert.deepEqual(
      backups.map((one) => [one.id, one.flawed, one.files]),
      [[id, true, 1]],
    );
    assert.deepEqual(await engine.rootsOf(id, undefined, never), [house.at("files"), house.at("link")].sort());
  },
);

test("a backup that lacks something counts as flawed also when nobody came to mark it", needs("restic"), async () => {
  using house = new ResticHouse();
  house.write("files/a", "a");
  house.empty("bin");
  const real = pathOf("restic");
  const engine = house.engine({ restic: { env: { PATH: `${house.at("bin")}:${process.env.PATH}` } } });
  house.write("bin/restic", `#!/bin/sh\n${real} "$@" || exit\ncase $1 in backup) exit 3;; esac\n`, 0o755);
  const marked = await engine.create(undefined, house.doing());
  house.write("bin/restic", `#!/bin/sh\n[ $1 = tag ] && exit 1\n${real} "$@"\n[ $1 != backup ] || exit 3`, 0o755);
  await failing(engine.create(undefined, house.doing()));
  house.write("bin/restic", `#!/bin/sh\nexec ${real} "$@"\n`, 0o755);
  const whole = await engine.create(undefined, house.doing());
  const { backups } = await engine.list(never);
  assert.deepEqual(
    backups.map(({ flawed }) => flawed),
    [false, true, true],
  );
  assert.deepEqual([backups[0]?.id, backups[2]?.id], [whole.id, marked.id]);
  await engine.remove([backups[1]?.id ?? ""], house.doing());
  assert.deepEqual(
    readdirSync(house.at("restic/notes")).filter((name) => !name.endsWith(".json")),
    [],
  );
});

test("a backup that is withdrawn ends at once, with its lock, and the next one goes on", needs("restic"), async () => {
  using house = new ResticHouse();
  for (let at = 0; at < 3000; at++) house.write(`files/${at % 50}/${at}`, `${at}`.repeat(2000));
  const engine = house.engine();
  const stop = new AbortController();
  const doing = { signal: stop.signal, progress: () => stop.abort() };
  assert.equal((await failing(engine.create(undefined, doing))).code, "cancelled");
  assert.deepEqual(locksIn(house), []);
  assert.deepEqual((await engine.list(never)).backups, []);
  const { id, files } = await engine.create(undefined, house.doing());
  assert.equal(files, 3000);
  assert.deepEqual(readdirSync(house.at("restic/notes")), [`${id}.json`]);
  assert.ok(house.progress.some(({ phase }) => phase === "archive"));
});

test("who is withdrawn before the beginning does nothing", needs("restic"), async () => {
  using house = new ResticHouse();
  house.write("files/a", "a");
  assert.equal((await failing(house.engine().create(undefined, house.doing(AbortSignal.abort())))).code, "cancelled");
  assert.equal(existsSync(house.repository), false);
});

/** A directory with a `restic` that restores as it should, and then does what the script says. */
function resticThat(house: ResticHouse, script: string): string {
  house.write("bin/restic", `#!/bin/sh\n${pathOf("restic")} "$@"\n${script}\n`, 0o755);
  return house.at("bin");
}

test(
  "a restore that is withdrawn or fails leaves no half of it, nor the directory that was made for it",
  needs("restic"),
  async () => {
    using house = new ResticHouse();
    house.write("files/a", "a");
    const { id } = await house.engine().create(undefined, house.doing());
    const restored = `case " $* " in *" restore "*) touch ${house.at("restored")};`;
    for (const [end, code] of [
      ["exec sleep 1000", "cancelled"],
      ["exit 1", "failed"],
    ] as const)
      for (const to of [house.at("made/for/it"), house.empty(`empty-${code}`)]) {
        rmSync(house.at("restored"), { force: true });
        const bin = resticThat(house, `${restored} ${end};; esac`);
        const engine = house.engine({ restic: { env: { PATH: `${bin}:${process.env.PATH}` } } });
        const stop = new AbortController();
        const failed = failing(restoreTo(engine, id, to, undefined, house.doing(stop.signal)));
        await until(() => existsSync(house.at("restored")), "all of it is there");
        if (code === "cancelled") {
          assert.equal(readFileSync(join(to, house.at("files/a")), "utf8"), "a");
          stop.abort();
        }
        assert.equal((await failed).code, code);
        assert.deepEqual(existsSync(to) ? readdirSync(to) : "gone", to.includes("made") ? "gone" : []);
        assert.ok(!existsSync(house.at("made")));
      }
  },
);

const locksIn = (house: ResticHouse): string[] => readdirSync(join(house.repository, "locks"));

/** Another restic, which holds a lock until its standard input ends. */
async function holder(house: ResticHouse) {
  const child = spawn(pathOf("restic") ?? "", ["backup", "--stdin"], {
    env: house.env,
    stdio: ["pipe", "ignore", "ignore"],
  });
  await until(() => locksIn(house).some((name) => /^[0-9a-f]{64}$/.test(name)), "it has a lock");
  return child;
}

test(
  "a lock that a killed restic has left is removed by the next one that it is in the way of",
  needs("restic"),
  async () => {
    using house = new ResticHouse();
    house.write("files/a", "a");
    const engine = house.engine();
    const { id } = await engine.create(undefined, house.doing());
    const child = await holder(house);
    child.kill("SIGKILL");
    await once(child, "exit");
    assert.equal(locksIn(house).length, 1);
    assert.equal((await engine.verify(id, house.doing())).isWhole, true);
    assert.deepEqual(locksIn(house), []);
  },
);

test("a lock that another holds is waited for, and told of after a time", needs("restic"), async () => {
  using house = new ResticHouse();
  house.write("files/a", "a");
  const { id } = await house.engine().create(undefined, house.doing());
  const child = await holder(house);
  const { code, message } = await failing(house.engine().verify(id, house.doing()));
  assert.equal(code, "locked");
  assert.match(message, new RegExp(`already locked .*PID ${child.pid} `));
  assert.equal((await house.engine().list(never)).backups.length, 1, "a list needs no lock");
  const stop = new AbortController();
  const withdrawn = failing(house.engine({}, "web", 600_000).verify(id, house.doing(stop.signal)));
  setImmediate(() => stop.abort());
  assert.equal((await withdrawn).code, "cancelled");
  const waiting = house.engine({}, "web", 600_000).verify(id, house.doing());
  child.stdin?.end("x");
  assert.equal((await waiting).isWhole, true);
});
