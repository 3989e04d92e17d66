import assert from "node:assert/strict";
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { manifestLines, type ManifestFile } from "../../core/backup/manifest.js";
import { shelve } from "../../testing/shelved.js";
import { tempDir } from "../../testing/temp-dir.js";
import { until } from "../../testing/until.js";
import { rootsIn } from "./roots.js";

const id = "shop.data.20261120T100000Z";

/** Puts a backup of these paths there, with these files; a slash at the end is a directory. */
function shelveWith(directory: string, paths: string[], files: string[]): void {
  const header = { ...shelve(directory, id), paths };
  const lines = manifestLines(
    header,
    files.map((path): ManifestFile => {
      const about = { size: 0, mode: "0644", uid: 0, gid: 0, mtime: "2026-11-21T10:00:00.000Z" };
      return { path: path.replace(/\/$/, ""), type: path.endsWith("/") ? "directory" : "file", ...about };
    }),
  );
  writeFileSync(join(directory, `${id}.json`), [...lines].join(""));
}

const files = ["srv/app/", "srv/app/a", "srv/app/sub/", "srv/app/sub/b", "srv/x\u2028y", "var/log/", "var/log/a.log"];
const all = ["/srv/app", "/srv/x\u2028y", "/var/log"];

const rows: [promise: string, paths: string[], only: string[] | undefined, roots: string[]][] = [
  ["what was backed up is restored as wholes", ["/srv/*", "/var/log"], undefined, all],
  ["of everything the uppermost that is in it is restored", ["/"], undefined, all],
  ["a directory that is named comes as a whole", ["/srv/*"], ["/srv/app/sub"], ["/srv/app/sub"]],
  ["a slash at the end of it means nothing", ["/srv/*"], ["/srv/app/sub/"], ["/srv/app/sub"]],
  ["of what lies above it comes what was backed up", ["/srv/*", "/var/log"], ["/srv/"], all.slice(0, 2)],
  [
    "of several in one another the uppermost come",
    ["/srv/*"],
    ["/srv/app/*", "/srv/app/sub/b", "/srv/app"],
    all.slice(0, 1),
  ],
  ["what matches nothing brings nothing", ["/srv/*"], ["/srv/ap", "srv/app"], []],
];

for (const [promise, paths, only, roots] of rows)
  test(promise, async () => {
    using temp = tempDir();
    shelveWith(temp.path, paths, files);
    assert.deepEqual(await rootsIn(temp.path, id, only), roots);
  });

test("a manifest that is damaged in the middle is told, and leaves no file open", async () => {
  using temp = tempDir();
  shelveWith(temp.path, ["/srv"], files);
  const path = temp.at(`${id}.json`);
  const [header = ""] = readFileSync(path, "utf8").split("\n");
  writeFileSync(path, header + "\n{".repeat(1_000_000)); // More than is read at once.
  const isOpen = (fd: string): boolean => linkAt(`/proc/self/fd/${fd}`) === path;
  await assert.rejects(rootsIn(temp.path, id, undefined), { code: "failed", message: /no JSON/ });
  await until(() => !readdirSync("/proc/self/fd").some(isOpen), "nothing is open");
});

function linkAt(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined; // It has been closed since it was listed.
  }
}
