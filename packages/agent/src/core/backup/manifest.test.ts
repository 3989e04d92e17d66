import assert from "node:assert/strict";
import { test } from "node:test";
import { fileOf, headerOf, isManifestEnd, manifestLines, type ManifestFile, type ManifestHeader } from "./manifest.js";

const header: ManifestHeader = {
  format: "ostler-backup/1",
  id: "web.data.20261121T131500Z",
  service: "web",
  name: "data",
  time: "2026-11-21T13:15:00.000Z",
  tookMs: 12,
  mode: "hot",
  agent: { id: "a", name: "host", version: "1.0.0" },
  configHash: "abc",
  paths: ["/var/lib/web"],
  exclude: [],
  archive: { file: "x.tar.zst", bytes: 3, sha256: "0".repeat(64), compression: "zstd", encrypted: false },
  totals: { files: 1, directories: 1, links: 0, bytes: 5 },
  changed: [],
  vanished: [],
  skipped: [{ path: "/var/lib/web/socket", reason: "a socket" }],
};
const usual = { uid: 0, gid: 0, mtime: "2026-11-21T13:15:00.123Z" };
const files: ManifestFile[] = [
  { path: "var/lib/web", type: "directory", size: 0, mode: "0755", ...usual },
  { path: 'var/lib/web/a\n"b"\udcff', type: "file", size: 5, mode: "0644", ...usual, sha256: "1".repeat(64) },
];

test("a manifest is JSON as a whole and line by line", () => {
  for (const some of [[], files.slice(0, 1), files]) {
    const text = [...manifestLines(header, some)].join("");
    assert.deepEqual(JSON.parse(text), { ...header, files: some });
    assert.deepEqual(headerOf(text), header);
    const lines = text.trimEnd().split("\n");
    assert.deepEqual(headerOf(lines[0] ?? ""), header);
    assert.deepEqual(lines.map(fileOf).filter(Boolean), some);
    assert.ok(isManifestEnd(lines.at(-1) ?? ""));
  }
});

test("what is no manifest is refused with the reason", () => {
  const [first = ""] = manifestLines(header, []);
  assert.throws(() => headerOf("{}"), /its first line is no header/);
  assert.throws(() => headerOf(first.replace("hot", "warm")), /mode/);
  assert.throws(() => headerOf(first.replace(`"id":`, `"id"`)), /no JSON/);
  assert.throws(() => fileOf(`{"path":"a"},`), /type/);
});
