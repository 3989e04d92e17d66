import assert from "node:assert/strict";
import { utimesSync } from "node:fs";
import { test } from "node:test";
import type { FileCheck } from "../../../config/checks/file.js";
import { ask, checkOf } from "../../../testing/probes.js";
import { tempDir } from "../../../testing/temp-dir.js";
import { fileProbe, judgeFile, type Found } from "./file.js";

const check = (path: string, more: object): FileCheck => checkOf<FileCheck>({ kind: "file", path, ...more });

const hour = 3_600_000;
const file: Found = { ageMs: 2 * hour, bytes: 2048 };

const rows: [wanted: object, found: Found | undefined, says: string][] = [
  [{}, file, "ok"],
  [{}, undefined, "failed: f is not there"],
  [{ exists: false }, undefined, "ok"],
  [{ exists: false }, file, "failed: f is there"],
  [{ newer_than: "2h", older_than: "1h", at_least: "2KiB", at_most: "2KiB" }, file, "ok"],
  [{ newer_than: "90m" }, file, "failed: f was last written 2h ago, longer than 1h 30m"],
  [{ older_than: "2h" }, file, "failed: f was last written 2h ago, less than 2h"],
  [{ at_least: "3KiB" }, file, "failed: f has 2 KiB, less than 3 KiB"],
  [{ at_most: "1KiB" }, file, "failed: f has 2 KiB, more than 1 KiB"],
  [{ at_most: "4KiB", warn: { at_most: "1KiB" } }, file, "warned: f has 2 KiB, more than 1 KiB"],
  [{ newer_than: "1d", warn: { newer_than: "1h" } }, file, "warned: f was last written 2h ago, longer than 1h"],
  [{ at_most: "1KiB", warn: { at_most: "1B" } }, file, "failed: f has 2 KiB, more than 1 KiB"],
];

for (const [wanted, found, says] of rows)
  test(`file: ${JSON.stringify(wanted)} is judged: ${says}`, () => {
    const verdict = judgeFile(check("f", wanted), found);
    const said = verdict.ok ? verdict.warning && `warned: ${verdict.warning}` : `failed: ${verdict.reason}`;
    assert.equal(said ?? "ok", says);
  });

test("file: a real file is looked at, its size and its age", async () => {
  using dir = tempDir();
  const path = dir.write("mark", "12345");
  const probe = (more: object): Promise<string> => ask(fileProbe(check(path, more)));
  assert.equal(await probe({ at_least: "5B", at_most: "5B", newer_than: "1h" }), "ok");
  utimesSync(path, new Date(), new Date(Date.now() - 25 * hour));
  assert.equal(await probe({ newer_than: "24h" }), `${path} was last written 1d 1h ago, longer than 1d`);
});

test("file: one that is absent, also its directory, is told from one that cannot be looked at", async () => {
  using dir = tempDir();
  assert.equal(await ask(fileProbe(check(dir.at("none/x"), {}))), `${dir.at("none/x")} is not there`);
  assert.equal(await ask(fileProbe(check(`${dir.write("plain", "")}/x`, { exists: false }))), "ok");
  assert.match(await ask(fileProbe(check(dir.at("x".repeat(300)), {}))), /ENAMETOOLONG/);
});
