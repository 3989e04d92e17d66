import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { OstlerError } from "@ostler/protocol";
import { tempDir } from "../../testing/temp-dir.js";
import { filling } from "./filling.js";

/** Comes half of the way: files, directories that may not be written to, links out of it, and names that are no text. */
function half(directory: string, outside: string): Promise<never> {
  mkdirSync(join(directory, "a/b"), { recursive: true });
  writeFileSync(join(directory, "a/b/c"), "c");
  symlinkSync(outside, join(directory, "a/link"));
  symlinkSync(outside, join(directory, "link"));
  execFileSync("sh", ["-c", "mkdir $(printf 'n\\377') && : > $(printf 'n\\377/m\\376')"], { cwd: directory });
  return Promise.reject(new OstlerError("failed", "It broke.", { data: { code: "damaged" } }));
}

test("what fails to fill an empty directory leaves it empty, and what its links point to as it was", async () => {
  using dir = tempDir();
  for (const name of ["outside", "into"]) mkdirSync(dir.at(name));
  dir.write("outside/kept", "kept");
  const failure = { message: "It broke.", data: { code: "damaged" } };
  await assert.rejects(
    filling(dir.at("into"), () => half(dir.at("into"), dir.at("outside"))),
    failure,
  );
  assert.deepEqual(readdirSync(dir.at("into")), []);
  assert.deepEqual(readdirSync(dir.at("outside")), ["kept"]);
});

test("a directory that was made for it goes again, with those above it, but not what was there", async () => {
  using dir = tempDir();
  mkdirSync(dir.at("there"));
  for (const into of [dir.at("there/a/b"), `${dir.at("there/a/b")}//`, dir.at("there/a")]) {
    await assert.rejects(
      filling(into, () => half(into, dir.path)),
      { message: "It broke." },
    );
    assert.deepEqual(readdirSync(dir.at("there")), []);
  }
});

test("a directory above it that somebody else uses by now stays", async () => {
  using dir = tempDir();
  const broken = filling(dir.at("a/b"), () => {
    dir.write("a/others", "x");
    return half(dir.at("a/b"), dir.path);
  });
  await assert.rejects(broken, { message: "It broke." });
  assert.deepEqual(readdirSync(dir.at("a")), ["others"]);
});

test("a directory with something in it is refused and left alone", async () => {
  using dir = tempDir();
  mkdirSync(dir.at("into"));
  dir.write("into/mine", "x");
  await assert.rejects(
    filling(dir.at("into"), () => half(dir.at("into"), dir.path)),
    { code: "wrong-state" },
  );
  assert.deepEqual(readdirSync(dir.at("into")), ["mine"]);
});

test("what succeeds stays, and what cannot be removed again is told beside why", async () => {
  using dir = tempDir();
  assert.equal(await filling(dir.at("into"), () => Promise.resolve(dir.write("into/a", "a"))), dir.at("into/a"));
  assert.ok(existsSync(dir.at("into/a")));
  const gone = filling(dir.at("gone"), () => {
    rmSync(dir.at("gone"), { recursive: true });
    return Promise.reject(new Error("It broke."));
  });
  await assert.rejects(gone, { message: /^It broke\. What came to .*gone until then could not be removed/ });
});
