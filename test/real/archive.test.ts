import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { archiveJob, createJob, type Outcome } from "../helpers/archive-job.js";
import { SmallDisk } from "../helpers/small-disk.js";
import { needs, needsRoot, pathOf } from "./tools.js";

class Place implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "ostler-archive-"));
  readonly data = this.made("data");
  readonly backups = this.made("backups");
  readonly into = this.made("into");

  at(name: string): string {
    return join(this.path, name);
  }

  made(name: string): string {
    mkdirSync(this.at(name));
    return this.at(name);
  }

  /** A directory with nothing but these programs. */
  only(...programs: string[]): string {
    const directory = this.made("bin");
    for (const program of programs) symlinkSync(pathOf(program) ?? "", join(directory, program));
    return directory;
  }

  job(over: object): object {
    return { directory: this.backups, id: "web.data.1", ...over };
  }

  same(): void {
    execFileSync("diff", ["-r", this.data, join(this.into, this.data)]);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

test(
  "an encrypted backup is whole with its identity, compared by its hash without, and shut to another",
  needs("age", "age-keygen", "zstd", "tar"),
  async () => {
    using place = new Place();
    const identity = (name: string): string => {
      execFileSync("age-keygen", ["-o", place.at(name)], { stdio: "ignore" });
      return place.at(name);
    };
    const [own, other] = [identity("own"), identity("other")];
    const recipient = execFileSync("age-keygen", ["-y", own], { encoding: "utf8" }).trim();
    writeFileSync(join(place.data, "key"), "secret");
    const made = await archiveJob(createJob(place.backups, place.data, { recipients: [recipient] }));
    assert.equal(made.is, "done", made.message);
    const file = join(place.backups, "web.data.1.tar.zst.age");
    assert.match(readFileSync(file, "latin1"), /^age-encryption/);
    assert.equal((await archiveJob(place.job({ do: "verify" }))).result.scope, "archive");
    assert.equal((await archiveJob(place.job({ do: "verify", identity: own }))).result.scope, "content");
    const wrong = await archiveJob(place.job({ do: "verify", identity: other }));
    assert.deepEqual([wrong.is, wrong.code], ["failed", "failed"]);
    assert.match(wrong.message ?? "", /identity/);
    assert.equal((await archiveJob(place.job({ do: "extract", identity: own, into: place.into }))).is, "done");
    place.same();
    const bytes = readFileSync(file);
    bytes[bytes.length - 5] = (bytes.at(-5) ?? 0) ^ 1;
    writeFileSync(file, bytes);
    for (const each of [{}, { identity: own }])
      assert.equal((await archiveJob(place.job({ do: "verify", ...each }))).code, "damaged");
  },
);

for (const compression of ["zstd", "gzip", "none"])
  test(
    `a key that is missing, empty or another's makes no whole backup damaged, and a damaged one is told with any key: ${compression}`,
    needs("age", "age-keygen", "zstd", "tar"),
    async () => {
      using place = new Place();
      for (const name of ["own", "other"]) execFileSync("age-keygen", ["-o", place.at(name)], { stdio: "ignore" });
      const recipient = execFileSync("age-keygen", ["-y", place.at("own")], { encoding: "utf8" }).trim();
      writeFileSync(place.at("empty"), "");
      writeFileSync(join(place.data, "random"), randomBytes(1024 * 1024));
      const made = await archiveJob(createJob(place.backups, place.data, { compression, recipients: [recipient] }));
      assert.equal(made.is, "done", made.message);
      const verify = (name: string): Promise<Outcome> =>
        archiveJob(place.job({ do: "verify", identity: place.at(name) }));
      for (const wrong of ["other", "missing", "empty"]) {
        const { is, code, message = "" } = await verify(wrong);
        assert.deepEqual([is, code], ["failed", "failed"], `${wrong}: ${message}`);
        assert.match(message, /^age failed: .*Look at `encrypt\.identity`/, wrong);
      }
      assert.equal((await verify("own")).is, "done");
      const file = join(place.backups, readdirSync(place.backups).find((name) => name.endsWith(".age")) ?? "");
      const bytes = readFileSync(file);
      bytes[500_000] = (bytes[500_000] ?? 0) ^ 1;
      writeFileSync(file, bytes);
      for (const key of ["own", "other", "missing"]) assert.equal((await verify(key)).code, "damaged", key);
    },
  );

test("without zstd it is gzip, and without age nothing is written in the clear", needs("tar"), async () => {
  using place = new Place();
  const env = { PATH: place.only("tar") };
  writeFileSync(join(place.data, "a"), "a");
  const hasOwn = "zstd" in process.versions;
  assert.equal((await archiveJob(createJob(place.backups, place.data), { env })).is, "done");
  assert.ok(readdirSync(place.backups).includes(`web.data.1.tar.${hasOwn ? "zst" : "gz"}`));
  const refused = await archiveJob(createJob(place.backups, place.data, { id: "x", recipients: ["age1"] }), { env });
  assert.equal(refused.code, "no-program");
  assert.match(refused.message ?? "", /Install the package age/);
  assert.ok(!readdirSync(place.backups).some((name) => name.startsWith("x.")));
});

test(
  "on a full disk a backup fails, says on which, and leaves nothing; so does its extraction",
  { ...needs("tar", "unshare", "nsenter"), ...needsRoot() },
  async () => {
    using place = new Place();
    await using disk = await SmallDisk.mount("8m");
    writeFileSync(join(place.data, "random"), randomBytes(20 * 1024 * 1024));
    const { wrapper, directory, seen } = disk;
    const full = await archiveJob(createJob(directory, place.data), { wrapper });
    assert.equal(full.code, "no-space", full.message);
    assert.ok(full.message?.includes(directory), full.message);
    assert.deepEqual(readdirSync(seen), []);
    const early = await archiveJob(createJob(directory, place.data, { expectedRatio: 1 }), { wrapper });
    assert.equal(early.code, "no-space");
    assert.equal((await archiveJob(createJob(place.backups, place.data))).is, "done");
    const extracted = await archiveJob(place.job({ do: "extract", into: directory }), { wrapper });
    assert.equal(extracted.code, "no-space", extracted.message);
    assert.deepEqual(readdirSync(seen), []);
  },
);

test(
  "100,000 small files and a large one are backed up, verified and extracted in little memory",
  needs("tar", "zstd"),
  async () => {
    using place = new Place();
    for (let at = 0; at < 1000; at++) {
      mkdirSync(join(place.data, `${at}`));
      for (let file = 0; file < 100; file++) writeFileSync(join(place.data, `${at}/${file}`), `${at} ${file}\n`);
    }
    writeFileSync(join(place.data, "large"), "");
    for (let part = 0; part < 30; part++)
      writeFileSync(join(place.data, "large"), randomBytes(10_000_000), { flag: "a" });
    const made = await archiveJob(createJob(place.backups, place.data));
    const verified = await archiveJob(place.job({ do: "verify" }));
    const extracted = await archiveJob(place.job({ do: "extract", into: place.into }));
    for (const outcome of [made, verified, extracted]) {
      assert.equal(outcome.is, "done", outcome.message);
      assert.equal(outcome.result.files, 100_001);
      assert.ok(outcome.peakBytes < 200 * 1024 * 1024, `${outcome.peakBytes}`);
    }
    place.same();
  },
);

test("extended attributes of users come back", needs("tar"), async (t) => {
  using place = new Place();
  writeFileSync(join(place.data, "a"), "a");
  const archived = (directory: string, ...options: string[]): Buffer =>
    execFileSync("tar", ["--format=posix", "--xattrs", ...options, "-cf", "-", "-C", directory, "a"]);
  const given = archived(place.data, "--pax-option=SCHILY.xattr.user.x:=yes");
  execFileSync("tar", ["--xattrs", "-xf", "-", "-C", place.data], { input: given, stdio: ["pipe", "ignore", "pipe"] });
  if (!archived(place.data).includes("user.x=yes")) return t.skip("not run: this file system has no attributes");
  await archiveJob(createJob(place.backups, place.data));
  await archiveJob(place.job({ do: "extract", into: place.into }));
  assert.ok(archived(join(place.into, place.data)).includes("user.x=yes"));
});
