import assert from "node:assert/strict";
import { mkdirSync, symlinkSync } from "node:fs";
import { test } from "node:test";
import { tempDir } from "../../testing/temp-dir.js";
import { above, selectionOf, uppermost } from "./restic-selection.js";

test("of paths in one another the uppermost are taken", () => {
  assert.deepEqual(above("/a/b/c"), ["/", "/a", "/a/b"]);
  assert.deepEqual(above("/"), []);
  assert.deepEqual(uppermost(["/a/b", "/a", "/ab", "/a/b/c"]), ["/a", "/ab"]);
  assert.deepEqual(uppermost(["/a", "/"]), ["/"]);
});

test("globs become what is there, without what is excluded; links are told", async () => {
  using dir = tempDir();
  mkdirSync(dir.at("sub"));
  for (const name of ["a.db", "b.db", ".c.db", "sub/d.db"]) dir.write(name, "");
  symlinkSync("a.db", dir.at("link"));
  const paths = [dir.at("*.db"), dir.at("sub/d.db"), dir.at("link"), dir.at("gone")];
  const { paths: found, links } = await selectionOf({
    paths,
    exclude: [dir.at("b*"), `${dir.at("sub")}/`],
    required: [],
  });
  assert.deepEqual(found, [".c.db", "a.db", "link"].map(dir.at));
  assert.deepEqual(links, [dir.at("link")]);
});

for (const [what, required, isRefused] of [
  ["is there and in a path", "data/deep/a.db", false],
  ["is a path", "data", false],
  ["is found by a glob", "data/**/*.db", false],
  ["is there, but in none of the paths", "other/a.db", true],
  ["is excluded", "data/b.db", true],
  ["is in what is excluded", "data/cache/a.db", true],
  ["is behind a link", "data/link/a.db", true],
  ["is not there", "data/gone", true],
  ["is found by a glob only in what is excluded", "data/*.db", true],
] as const)
  test(`what is required is ${isRefused ? "missing" : "there"} when it ${what}`, async () => {
    using dir = tempDir();
    for (const name of ["data/deep", "data/cache", "other"]) mkdirSync(dir.at(name), { recursive: true });
    for (const name of ["data/deep/a.db", "data/b.db", "data/cache/a.db", "other/a.db"]) dir.write(name, "");
    symlinkSync("../other", dir.at("data/link"));
    const wanted = { paths: [dir.at("data")], exclude: [dir.at("data/b.db"), dir.at("data/cache")] };
    const selected = selectionOf({ ...wanted, required: [dir.at(required)] });
    if (isRefused) await assert.rejects(selected, new RegExp(`would not be backed up: ${dir.at("")}`));
    else await selected;
  });
