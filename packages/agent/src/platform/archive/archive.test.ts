import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { manifestLines } from "../../core/backup/manifest.js";
import { tempDir, type TempDir } from "../../testing/temp-dir.js";
import { until } from "../../testing/until.js";
import { programPath } from "./children.js";
import {
  archiveFailureCode,
  type ArchiveJob,
  type ArchiveProgress,
  type CreateJob,
  type ExtractJob,
  type ResultOf,
} from "./job.js";
import { readManifest } from "./manifest-file.js";
import { occupiedBytes, type RoomLimits } from "./room.js";
import { runArchive } from "./run.js";

const program = fileURLToPath(new URL("../../archive.js", import.meta.url));
const [first, second] = ["web.data.20261120T100000Z", "web.data.20261120T110000Z"] as const;
const isRoot = process.getuid?.() === 0;

/** A directory with what is backed up, with the backups, and one to extract into. */
function ground(): TempDir & {
  job: (over?: Partial<CreateJob>) => CreateJob;
  extract: (over?: Partial<ExtractJob>) => ExtractJob;
} {
  const dir = tempDir();
  for (const name of ["data", "backups", "into"]) mkdirSync(dir.at(name));
  const directory = dir.at("backups");
  return {
    ...dir,
    job: (over = {}) => ({
      do: "create",
      directory,
      id: "web.data.1",
      paths: [dir.at("data")],
      exclude: [],
      required: [],
      compression: "gzip",
      recipients: [],
      header: {
        service: "web",
        name: "data",
        mode: "hot",
        agent: { id: "a", name: "h", version: "1" },
        configHash: "c",
      },
      expectedRatio: 1,
      ...over,
    }),
    extract: (over = {}) => ({ do: "extract", directory, id: "web.data.1", into: dir.at("into"), ...over }),
  };
}

const run = <J extends ArchiveJob>(job: J, signal = new AbortController().signal): Promise<ResultOf<J>> =>
  runArchive(job, { program }, { progress: () => undefined, signal });

const verify = (dir: TempDir) => run({ do: "verify", directory: dir.at("backups"), id: "web.data.1" });

const codeOf = (code: string, message: RegExp) => (failure: Error) => {
  assert.match(failure.message, message);
  assert.equal(archiveFailureCode(failure), code);
  return true;
};

const longName = `${"d".repeat(200)}/${"e".repeat(200)}/${"f".repeat(250)}`;
const odd = Buffer.from([0x6e, 0xff, 0x2e, 0xc3]);

function fill(dir: TempDir): void {
  const at = (name: string): string => dir.at(join("data", name));
  mkdirSync(dirname(at(longName)), { recursive: true });
  writeFileSync(at(longName), "long");
  writeFileSync(at("a"), "one\n");
  linkSync(at("a"), at("b"));
  symlinkSync("a", at("link"));
  symlinkSync("/etc/hostname", at("absolute"));
  writeFileSync(at("new\nline \\ ä"), "odd");
  writeFileSync(Buffer.concat([Buffer.from(`${dir.at("data")}/`), odd]), "bytes");
  writeFileSync(at("empty"), "");
  mkdirSync(at("private"));
  writeFileSync(at("private/key"), "secret");
  chmodSync(at("private/key"), 0o4711);
  if (isRoot) chownSync(at("private/key"), 1234, 4321);
  utimesSync(at("private/key"), 1_000_000_000.5, 1_000_000_000.5);
  chmodSync(at("private"), 0o500);
  utimesSync(at("private"), 1_100_000_000, 1_100_000_000);
}

/** Names, modes, owners, links and times to the nanosecond; contents are what the sums are for. */
const treeOf = (directory: string): string[] =>
  execFileSync("find", [".", "-printf", "%P %M %U %G %n %T@ %l\\0"], { cwd: directory, encoding: "latin1" })
    .split("\0")
    .sort();

test("what is backed up comes back with names, owners, modes, times and links, whatever it is", async () => {
  using dir = ground();
  fill(dir);
  const made = await run(dir.job());
  assert.deepEqual(
    { ...made, archiveBytes: 0 },
    {
      files: 9,
      bytes: 22,
      archiveBytes: 0,
      changed: [],
      vanished: [],
      skipped: [],
      isEmpty: false,
    },
  );
  assert.deepEqual(await verify(dir), { files: 9, bytes: 22, scope: "content" });
  await run(dir.extract());
  assert.deepEqual(treeOf(join(dir.at("into"), dir.at("data"))), treeOf(dir.at("data")));
  execFileSync("sha256sum", ["--check", "--strict", "--quiet", dir.at("backups/web.data.1.sha256")], {
    cwd: dir.at("into"),
  });
  assert.deepEqual(readdirSync(dir.at("backups")).sort(), [
    "web.data.1.json",
    "web.data.1.sha256",
    "web.data.1.tar.gz",
  ]);
});

test("an archive opens with plain tar, and its sums hold", async () => {
  using dir = ground();
  fill(dir);
  await run(dir.job());
  execFileSync("tar", ["-xzpf", dir.at("backups/web.data.1.tar.gz"), "-C", dir.at("into")]);
  execFileSync("sha256sum", ["--check", "--strict", "--quiet", dir.at("backups/web.data.1.sha256")], {
    cwd: dir.at("into"),
  });
  assert.deepEqual(treeOf(join(dir.at("into"), dir.at("data"))), treeOf(dir.at("data")));
});

test("what is excluded is not looked into, and what is required must be there", async () => {
  using dir = ground();
  for (const name of ["keep", "keep/sub", "cache", "cache/sub"]) mkdirSync(dir.at(`data/${name}`));
  for (const name of ["keep/a.db", "keep/.hidden", "keep/sub/x.tmp", "cache/sub/b"]) dir.write(`data/${name}`, name);
  const exclude = [dir.at("data/cache"), dir.at("data/**/*.tmp")];
  const required = [dir.at("data/keep/*.db"), dir.at("data/cache/**"), dir.at("data/none")];
  await assert.rejects(run(dir.job({ exclude, required })), codeOf("required-missing", /cache\/\*\*, \S*data\/none,/));
  assert.deepEqual(readdirSync(dir.at("backups")), []);
  await run(dir.job({ exclude, required: required.slice(0, 1) }));
  const { files } = await readManifest(dir.at("backups/web.data.1.json"));
  const names = [...files.keys()].map((path) => path.slice(dir.at("data").length));
  assert.deepEqual(names, ["", "keep", "keep/.hidden", "keep/a.db", "keep/sub"]);
});

test("a backup does not have the ones before it, whatever link leads to them", async () => {
  const name = "web.data.20261120T100000Z";
  const ways = [
    ["real", "link"],
    ["link/*", "real"],
    ["link/*", "link"],
  ] as const;
  for (const [path, backups] of ways) {
    using dir = ground();
    for (const each of ["real/backups", "real/drills", "real/copies"]) mkdirSync(dir.at(each), { recursive: true });
    symlinkSync("real", dir.at("link"));
    const files = ["a", "backups/old", "drills/x", `copies/${name}.tar.gz`, `copies/${name}.json.part`, "copies/other"];
    for (const file of files) dir.write(`real/${file}`, "x");
    const leftOut = { directories: [dir.at("real/drills")], shelves: [dir.at("real/copies")] };
    await run(dir.job({ paths: [dir.at(path)], directory: dir.at(`${backups}/backups`), leftOut }));
    const manifest = await readManifest(dir.at("real/backups/web.data.1.json"));
    const under = dir.at(path.replace("/*", "")).slice(1);
    const found = [...manifest.files.keys()].map((each) => each.slice(under.length + 1));
    assert.deepEqual(
      found.filter((each) => each !== ""),
      ["a", "copies", "copies/other"],
      `${path} ${backups}`,
    );
  }
});

test("only what is asked for is extracted, with the directories above and what hard links need", async () => {
  using dir = ground();
  fill(dir);
  await run(dir.job());
  const { files } = await run(dir.extract({ only: [dir.at("data/b"), `${dir.path}/**/key`] }));
  assert.equal(files, 3);
  const found = readdirSync(join(dir.at("into"), dir.at("data")), { recursive: true })
    .map(String)
    .sort();
  assert.deepEqual(found, ["a", "b", "private", "private/key"]);
});

test("whoever asks for a directory gets all that is in it, also with a slash at its end", async () => {
  using dir = ground();
  fill(dir);
  await run(dir.job());
  const all = treeOf(dir.at("data"));
  const table = { private: ["private", "private/key"], "private/": ["private", "private/key"] };
  for (const [only, wanted] of Object.entries(table)) {
    const into = dir.at(`into-${only.length}`);
    mkdirSync(into);
    await run(dir.extract({ into, only: [dir.at(`data/${only}`)] }));
    assert.deepEqual(
      readdirSync(join(into, dir.at("data")), { recursive: true })
        .map(String)
        .sort(),
      wanted,
    );
  }
  await run(dir.extract({ only: [dir.path] }));
  assert.deepEqual(treeOf(join(dir.at("into"), dir.at("data"))), all);
});

test("a sparse file takes no room, neither in the archive nor where it is extracted", async () => {
  using dir = ground();
  dir.write("data/big", "begin");
  truncateSync(dir.at("data/big"), 5 * 1024 ** 3);
  const { bytes, archiveBytes } = await run(dir.job({ compression: "none" }));
  assert.equal(bytes, 5 * 1024 ** 3);
  assert.ok(archiveBytes < 100_000, `${archiveBytes}`);
  const { occupied = NaN } = (await readManifest(dir.at("backups/web.data.1.json"))).header.totals;
  assert.ok(occupied >= 5 && occupied <= archiveBytes, `${occupied}`);
  await run(dir.extract());
  const { size, blocks } = lstatSync(join(dir.at("into"), dir.at("data/big")));
  assert.equal(size, 5 * 1024 ** 3);
  assert.ok(blocks * 512 < 1024 ** 2, `${blocks}`);
});

test("an archive that was changed or cut is damaged", async () => {
  using dir = ground();
  fill(dir);
  for (const compression of ["gzip", "none"] as const) {
    const id = `web.data.${compression}`;
    await run(dir.job({ compression, id }));
    const path = dir.at(`backups/${id}.tar${compression === "gzip" ? ".gz" : ""}`);
    const whole = readFileSync(path);
    const check = () => run({ do: "verify", directory: dir.at("backups"), id });
    for (const at of [20, 700, whole.length >> 1, whole.length - 30]) {
      const flipped = Buffer.from(whole);
      flipped[at] = (flipped[at] ?? 0) ^ 0x10;
      writeFileSync(path, flipped);
      await assert.rejects(check(), codeOf("damaged", /./), `${compression} ${at}`);
      await assert.rejects(run(dir.extract({ id })), (failure) => archiveFailureCode(failure) !== "failed");
      assert.deepEqual(readdirSync(dir.at("into")), [], "what was extracted is removed");
    }
    writeFileSync(path, whole.subarray(0, -1024));
    await assert.rejects(check(), codeOf("damaged", /its manifest says/));
  }
});

for (const [what, encrypted, compression] of [
  ["a plain archive", false, "none"],
  ["a packed one", false, "gzip"],
  ["one whose key is elsewhere", true, "gzip"],
] as const)
  test(`what its disk cannot read any more is damaged: ${what}`, async () => {
    using dir = ground();
    dir.write("data/a", "a");
    await run(dir.job({ compression }));
    const manifest = dir.at("backups/web.data.1.json");
    const { header, files } = await readManifest(manifest);
    const archive = { ...header.archive, bytes: 0, encrypted };
    dir.write("backups/web.data.1.json", [...manifestLines({ ...header, archive }, files.values())].join(""));
    rmSync(dir.at(`backups/${archive.file}`));
    symlinkSync("/proc/self/mem", dir.at(`backups/${archive.file}`)); // Its first page is nobody's: EIO.
    await assert.rejects(verify(dir), codeOf("damaged", /cannot read it \(EIO/));
  });

test("a file that changed once is right in the end, one that always changes is named, and one that goes is told", async () => {
  using dir = ground();
  for (let at = 0; at < 300; at++) dir.write(`data/f${at}`, `${at}`);
  dir.write("data/a-log", "");
  dir.write("data/big", Buffer.alloc(60 * 1024 * 1024, "x"));
  // It grows with each write, so that no clock has to be fine enough to tell.
  const changing = spawn("sh", ["-c", `while :; do echo more >> "$1"; done`, "sh", dir.at("data/a-log")]);
  let isBegun = false;
  const progress = ({ phase }: ArchiveProgress): void => {
    if (phase !== "archive" || isBegun) return;
    isBegun = true;
    dir.write("data/f1", "after");
    rmSync(dir.at("data/f2"));
  };
  const grown = programAfter(dir, growing(dir.at("data/a-log")));
  const made = await runArchive(dir.job(), { program: grown }, { progress, signal: new AbortController().signal });
  changing.kill("SIGKILL");
  assert.deepEqual(made.changed, [dir.at("data/a-log").slice(1)]);
  assert.deepEqual(made.vanished, [dir.at("data/f2").slice(1)]);
  await verify(dir);
  await run(dir.extract());
  assert.equal(readFileSync(join(dir.at("into"), dir.at("data/f1")), "utf8"), "after");
});

test("what is withdrawn leaves neither a process nor a file", async () => {
  using dir = ground();
  dir.write("data/big", Buffer.alloc(200 * 1024 * 1024, "x"));
  const end = new AbortController();
  const job = dir.job();
  const running = runArchive(
    job,
    { program },
    { progress: ({ phase }) => phase === "archive" && end.abort(), signal: end.signal },
  );
  await assert.rejects(running, /withdrawn/);
  assert.deepEqual(readdirSync(dir.at("backups")), []);
});

test("what is withdrawn before the program runs is not done", async () => {
  using dir = ground();
  dir.write("data/a", "a");
  const end = new AbortController();
  const running = run(dir.job(), end.signal);
  end.abort();
  await assert.rejects(running, /withdrawn/);
  assert.deepEqual(readdirSync(dir.at("backups")), []);
});

test("the program ends with whoever started it, and so does everything it has started", async () => {
  using dir = ground();
  dir.write("data/big", Buffer.alloc(200 * 1024 * 1024, "x"));
  const script = `const { spawn } = require("node:child_process");
    const child = spawn(process.execPath, [${JSON.stringify(program)}], { stdio: ["pipe", "pipe", "inherit"], detached: true });
    child.stdin.write(${JSON.stringify(`${JSON.stringify(dir.job())}\n`)});
    child.stdout.on("data", (text) => String(text).includes('"archive"') && console.log(child.pid));`;
  const parent = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  const [pid] = (await once(parent.stdout, "data")) as [Buffer];
  parent.kill("SIGKILL");
  await until(() => !lives(-Number(pid)), "the group of the program is empty");
  assert.deepEqual(readdirSync(dir.at("backups")), []);
});

/** The program for archives, after whose start somebody else does something first. */
function programAfter(dir: TempDir, script: string): string {
  const text = `import { writeFileSync } from "node:fs";\n${script}\nawait import(${JSON.stringify(pathToFileURL(program).href)});\n`;
  return dir.write("late.mjs", text);
}

/** However busy the host is, the file has grown whenever the program looks at it. */
const growing = (path: string): string => `
  import fs from "node:fs";
  import { syncBuiltinESMExports } from "node:module";
  const look = fs.lstatSync;
  fs.lstatSync = (path, how) => {
    if (path === ${JSON.stringify(path)}) fs.appendFileSync(path, "more");
    return look(path, how);
  };
  syncBuiltinESMExports();`;

test("what somebody else has put there just before stays when the job is refused", async () => {
  using dir = ground();
  dir.write("data/one", "one");
  await run(dir.job());
  const late = (path: string): string => programAfter(dir, `writeFileSync(${JSON.stringify(path)}, "of others");`);
  const refused = (job: ArchiveJob, path: string, message: RegExp) =>
    assert.rejects(
      runArchive(job, { program: late(path) }, { progress: () => undefined, signal: new AbortController().signal }),
      codeOf("failed", message),
    );
  await refused(dir.extract(), dir.at("into/file"), /is not empty/);
  assert.deepEqual(readdirSync(dir.at("into")), ["file"]);
  for (const [id, end, message] of [
    ["web.data.2", "json", /There is a backup web\.data\.2/],
    ["web.data.3", "json.part", /somebody else is making it/],
  ] as const) {
    const [manifest, archive] = [`${id}.${end}`, `${id}.tar.gz`];
    dir.write(`backups/${archive}`, "of others");
    await refused(dir.job({ id }), dir.at(`backups/${manifest}`), message);
    const left = readdirSync(dir.at("backups")).filter((name) => name.startsWith(id));
    assert.deepEqual(left, [manifest, archive]);
  }
});

test("backups may not grow beyond what all of them may have, and there must be room for them", async () => {
  using dir = ground();
  dir.write("data/big", Buffer.alloc(3 * 1024 * 1024, "x"));
  const limited = (over: Partial<RoomLimits>): Promise<unknown> =>
    run(dir.job({ compression: "none", id: first, limits: { maxTotalBytes: 1e18, minFreeBytes: 0, ...over } }));
  await assert.rejects(
    limited({ maxTotalBytes: 2 * 1024 * 1024 }),
    codeOf("too-large", /together may occupy 2 MiB, and have more: .*agent\.backups\.max_size/),
  );
  await assert.rejects(
    limited({ minFreeBytes: 1e18 }),
    codeOf("no-space", /must stay free \(agent\.backups\.min_free/),
  );
  await assert.rejects(run(dir.job({ expectedRatio: 1e9 })), codeOf("no-space", /are free there/));
  assert.deepEqual(readdirSync(dir.at("backups")), []);
});

for (const compression of ["none", "zstd"] as const) {
  const skip = compression === "zstd" && programPath("zstd") === undefined;
  test(`two backups at once have no more than what all may have, by ${compression}`, { skip }, async () => {
    using dir = ground();
    dir.write("data/big", randomBytes(4 * 1024 * 1024));
    const limits = { maxTotalBytes: 6 * 1024 * 1024, minFreeBytes: 0 };
    const both = [first, second].map((id) => run(dir.job({ id, compression, limits })));
    const failed = (await Promise.allSettled(both)).filter((one) => one.status === "rejected");
    for (const { reason } of failed) codeOf("too-large", /together may occupy 6 MiB/)(reason as Error);
    assert.ok(failed.length > 0);
    const names = readdirSync(dir.at("backups"));
    assert.deepEqual(
      names.filter((name) => name.endsWith(".json")).length,
      2 - failed.length,
      "what failed has left nothing",
    );
    assert.ok((await occupiedBytes(dir.at("backups"))) <= limits.maxTotalBytes);
  });
}

test("a backup of nothing says so, and a link that is named is not followed", async () => {
  using dir = ground();
  symlinkSync(dir.at("data"), dir.at("current"));
  assert.equal((await run(dir.job())).isEmpty, true);
  const { skipped } = await run(dir.job({ id: "web.data.2", paths: [dir.at("current")] }));
  assert.deepEqual(
    skipped.map(({ path }) => path),
    [dir.at("current")],
  );
});

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
