import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { manifestLines, type ManifestFile, type ManifestHeader } from "../../core/backup/manifest.js";
import { tempDir, type TempDir } from "../../testing/temp-dir.js";
import { archiveFailureCode } from "./job.js";
import { runArchive } from "./run.js";

const program = fileURLToPath(new URL("../../archive.js", import.meta.url));

type Entry = {
  name: string;
  flag?: string;
  text?: string;
  mode?: number;
  target?: string;
  size?: number;
  prefix?: string;
};

/** One member, as simply as a tar can be written. */
function member({ name, flag = "0", text = "", mode = 0o644, target = "", size, prefix = "" }: Entry): Buffer {
  const block = Buffer.alloc(512);
  const octal = (value: number, at: number, length: number): void =>
    void block.write(value.toString(8).padStart(length - 1, "0"), at, "latin1");
  block.write(name, 0, 100);
  octal(mode, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size ?? Buffer.byteLength(text), 124, 12);
  octal(0, 136, 12);
  block.write(" ".repeat(8), 148);
  block.write(flag, 156);
  block.write(target, 157, 100);
  block.write("ustar\0" + "00", 257);
  block.write(prefix, 345, 155);
  octal(
    block.reduce((sum, byte) => sum + byte, 0),
    148,
    7,
  );
  block[155] = 0x20;
  const content = Buffer.alloc(Math.ceil(Buffer.byteLength(text) / 512) * 512);
  content.write(text);
  return Buffer.concat([block, content]);
}

function pax(records: Record<string, string>): Buffer {
  const lines = Object.entries(records).map(([key, value]) => {
    const rest = ` ${key}=${value}\n`;
    const length = [1, 2, 3].map((digits) => digits + rest.length).find((sum, at) => String(sum).length === at + 1);
    return `${length}${rest}`;
  });
  return member({ name: "pax", flag: "x", text: lines.join("") });
}

const types: Record<string, ManifestFile["type"]> = { "0": "file", "1": "hardlink", "2": "symlink", "5": "directory" };

/** What an honest manifest says of an entry. */
function said({ name, flag = "0", text = "", mode = 0o644, target = "" }: Entry): ManifestFile {
  const type = types[flag] ?? "file";
  return {
    path: name,
    type,
    size: text.length,
    mode: mode.toString(8).padStart(4, "0"),
    uid: 0,
    gid: 0,
    mtime: new Date(0).toISOString(),
    ...(type === "file" ? { sha256: createHash("sha256").update(text).digest("hex") } : {}),
    ...(target === "" ? {} : { target }),
  };
}

/** Writes a backup whose manifest knows these files, and whose archive has these members. */
function write(dir: TempDir, files: readonly ManifestFile[], members: readonly Buffer[]): void {
  for (const name of ["backups", "into"]) mkdirSync(dir.at(name), { recursive: true });
  const archive = Buffer.concat([...members, Buffer.alloc(1024)]);
  dir.write("backups/x.tar", archive);
  const header: ManifestHeader = {
    format: "ostler-backup/1",
    id: "x",
    service: "web",
    name: "data",
    time: new Date(0).toISOString(),
    tookMs: 1,
    mode: "hot",
    agent: { id: "a", name: "h", version: "1" },
    configHash: "c",
    paths: ["/"],
    exclude: [],
    archive: {
      file: "x.tar",
      bytes: archive.length,
      sha256: createHash("sha256").update(archive).digest("hex"),
      compression: "none",
      encrypted: false,
    },
    totals: { files: files.length, directories: 0, links: 0, bytes: files.reduce((sum, { size }) => sum + size, 0) },
    changed: [],
    vanished: [],
    skipped: [],
  };
  dir.write("backups/x.json", [...manifestLines(header, files)].join(""));
}

function extract(dir: TempDir): Promise<unknown> {
  const job = { do: "extract", directory: dir.at("backups"), id: "x", into: dir.at("into") } as const;
  return runArchive(job, { program }, { progress: () => undefined, signal: new AbortController().signal });
}

const file = { name: "a", text: "one" };
const link = (name: string, target: string): Entry => ({ name, flag: "2", mode: 0o777, target });
const hard = (name: string, target: string): Entry => ({ name, flag: "1", target });
const folder = (name: string): Entry => ({ name, flag: "5", mode: 0o755 });

test("a member written by hand is extracted when nothing is wrong with it", async () => {
  using dir = tempDir();
  const entries = [file, link("l", "a"), link("abs", "/etc"), { name: "h", flag: "1", target: "a" }];
  write(dir, entries.map(said), entries.map(member));
  await extract(dir);
  assert.deepEqual(readdirSync(dir.at("into")).sort(), ["a", "abs", "h", "l"]);
});

/** Each: what the manifest knows, what the archive has, and what is said of the entry that is refused. */
const hostile: Record<string, { knows: Entry[]; has: Buffer[]; why: RegExp }> = {
  "an absolute name": {
    knows: [{ ...file, name: "/tmp/evil" }],
    has: [member({ ...file, name: "/tmp/evil" })],
    why: /^\/tmp\/evil is refused: it is absolute/,
  },
  "an absolute name in a pax header": {
    knows: [{ ...file, name: "/tmp/evil" }],
    has: [pax({ path: "/tmp/evil" }), member(file)],
    why: /^\/tmp\/evil is refused: it is absolute/,
  },
  "a name that leads out": {
    knows: [{ ...file, name: "a/../../evil" }],
    has: [member({ ...file, name: "a/../../evil" })],
    why: /^a\/\.\.\/\.\.\/evil is refused: it leads out/,
  },
  "a prefix that leads out": {
    knows: [{ ...file, name: "../a" }],
    has: [member({ ...file, prefix: ".." })],
    why: /^\.\.\/a is refused: it leads out/,
  },
  "a name through a link": {
    knows: [link("l", "/etc"), { ...file, name: "l/evil" }],
    has: [member(link("l", "/etc")), member({ ...file, name: "l/evil" })],
    why: /^l\/evil is refused: it leads through the link l/,
  },
  "a name through a hard link to a link": {
    knows: [folder("sub"), link("s", "sub"), hard("h", "s"), { ...file, name: "h/evil" }],
    has: [folder("sub"), link("s", "sub"), hard("h", "s"), { ...file, name: "h/evil" }].map(member),
    why: /^h\/evil is refused: it leads through the link h/,
  },
  "a name through a hard link to a hard link to a link": {
    knows: [link("s", "/etc"), hard("h", "s"), hard("i", "h"), { ...file, name: "i/evil" }],
    has: [link("s", "/etc"), hard("h", "s"), hard("i", "h"), { ...file, name: "i/evil" }].map(member),
    why: /^i\/evil is refused: it leads through the link i/,
  },
  "a link that climbs out": {
    knows: [link("d/l", "../../etc")],
    has: [member(link("d/l", "../../etc"))],
    why: /^d\/l is refused: it is a link that leads out, to \.\.\/\.\.\/etc/,
  },
  "an absolute link that the manifest has with another target": {
    knows: [link("l", "/etc/hostname")],
    has: [member(link("l", "/etc/shadow"))],
    why: /^l is refused: it is a link to \/etc\/shadow, which/,
  },
  "a hard link to what is outside": {
    knows: [{ name: "h", flag: "1", target: "etc/shadow" }],
    has: [member({ name: "h", flag: "1", target: "etc/shadow" })],
    why: /^h is refused: it is a hard link to etc\/shadow, which is no earlier entry/,
  },
  "a device": { knows: [file], has: [member({ name: "a", flag: "3" })], why: /^a is refused: it is a device/ },
  "what the manifest does not have": {
    knows: [file],
    has: [member(file), member({ ...file, name: "b" })],
    why: /^b is refused: it is not in the manifest/,
  },
  "a bit that gives rights": {
    knows: [file],
    has: [member({ ...file, mode: 0o4755 })],
    why: /^a is refused: it has mode 4755, and the manifest says 0644/,
  },
  "more bytes than the manifest says": {
    knows: [file],
    has: [member({ ...file, text: "x".repeat(5000) })],
    why: /^a is refused: it has more bytes than the manifest says/,
  },
  "more members than the manifest says": {
    knows: [file],
    has: [member(file), member({ ...file, text: "" })],
    why: /^a is refused: it is one entry more/,
  },
  "two names in one member": {
    knows: [file],
    has: [member({ name: "long", flag: "L", text: "b\0" }), pax({ path: "a" }), member(file)],
    why: /^a is refused: it has two names/,
  },
  "a record that readers understand in different ways": {
    knows: [file],
    has: [pax({ "GNU.sparse.map": "0,3" }), member(file)],
    why: /^a is refused: it has "GNU.sparse.map"/,
  },
  "a header for all members": {
    knows: [file],
    has: [member({ name: "g", flag: "g", text: "12 path=evil\n" }), member(file)],
    why: /^a is refused: it has a header for all members/,
  },
};

for (const [what, { knows, has, why }] of Object.entries(hostile))
  test(`refused, and nothing is left: ${what}`, async () => {
    using dir = tempDir();
    write(dir, knows.map(said), has);
    await assert.rejects(extract(dir), (failure: Error) => {
      assert.match(failure.message, why);
      assert.equal(archiveFailureCode(failure), "refused");
      return true;
    });
    assert.deepEqual(readdirSync(dir.at("into")), []);
    assert.equal(existsSync("/tmp/evil"), false);
  });

test("what stands after the end of an archive is damage, and never reaches tar", async () => {
  using dir = tempDir();
  write(dir, [said(file)], [member(file), Buffer.alloc(512), member({ ...file, name: "b" })]);
  await assert.rejects(extract(dir), /follows the end/);
  assert.deepEqual(readdirSync(dir.at("into")), []);
  assert.match(execFileSync("tar", ["-tf", dir.at("backups/x.tar")], { encoding: "utf8", stdio: "pipe" }), /^a\n/);
});
