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
