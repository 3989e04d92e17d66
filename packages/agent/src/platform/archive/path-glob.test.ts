import assert from "node:assert/strict";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { test } from "node:test";
import { tempDir } from "../../testing/temp-dir.js";
import { expand, literally, matcher, within } from "./path-glob.js";

const names = ["a.db", ".b.db", "c[1].db", "sub", "sub/a.db", "sub/deep", "sub/deep/.d.db"];

test("what a glob finds is what it matches", async () => {
  using dir = tempDir();
  for (const name of names.filter((each) => each.endsWith(".db"))) {
    mkdirSync(dirname(dir.at(name)), { recursive: true });
    dir.write(name, "");
  }
  const table: Record<string, string[]> = {
    "a.db": ["a.db"],
    "*.db": [".b.db", "a.db", "c[1].db"],
    "?.db": ["a.db"],
    "[ab].db": ["a.db"],
    "[!b].db": ["a.db"],
    "c[[]1].db": ["c[1].db"],
    "*": [".b.db", "a.db", "c[1].db", "sub"],
    "**/*.db": [".b.db", "a.db", "c[1].db", "sub/a.db", "sub/deep/.d.db"],
    "sub/**": ["sub/a.db", "sub/deep", "sub/deep/.d.db"],
    "sub/**/a.db": ["sub/a.db"],
    "sub/**/": ["sub/a.db", "sub/deep", "sub/deep/.d.db"],
    "**/**/deep//": ["sub/deep"],
    "**.db": [".b.db", "a.db", "c[1].db"],
    "s**": ["sub"],
    "sub/**p/.d.db": ["sub/deep/.d.db"],
    "none/*": [],
    "a.db/below": [],
    "a.db/*": [],
  };
  for (const [glob, wanted] of Object.entries(table)) {
    const isMatch = matcher([dir.at(glob)]);
    assert.deepEqual(await expand(dir.at(glob)), wanted.map(dir.at), glob);
    assert.deepEqual(names.filter((name) => isMatch(dir.at(name))).sort(), wanted, glob);
  }
  assert.equal(matcher([])("/a"), false);
  assert.deepEqual(await expand("/"), ["/"]);
});

test("what is deep down is found, whatever it is called, and behind a link nothing", async () => {
  using dir = tempDir();
  const deep = [...Array(40).keys()].join("/");
  mkdirSync(dir.at(deep), { recursive: true });
  const odd = Buffer.concat([Buffer.from(dir.at(deep)), Buffer.from("/n"), Buffer.of(0xff)]);
  mkdirSync(odd);
  writeFileSync(Buffer.concat([odd, Buffer.from("/x")]), "");
  symlinkSync(dir.at("0"), dir.at("link"));
  const path = `${dir.at(deep)}/n\udcff/x`;
  assert.deepEqual(await expand(`${dir.path}/**/x`), [path]);
  assert.equal(matcher([`${dir.path}/**/x`])(path), true);
});

test("what is in something that matches is within", () => {
  const isIn = within(["/a/b/", "/c/*.d"]);
  const paths = ["/", "/a", "/a/b", "/a/b/c", "/a/b/c/d", "/a/bc", "/a/b/e", "/c/x.d", "/c/x.d/y", "/c", "/c/y/x.d"];
  assert.deepEqual(paths.filter(isIn), ["/a/b", "/a/b/c", "/a/b/c/d", "/a/b/e", "/c/x.d", "/c/x.d/y"]);
  assert.deepEqual(["/", "/a", "/a/b"].filter(within(["/"])), ["/", "/a", "/a/b"]);
});

test("a path of which a glob is made is matched by it and by no other, among many", () => {
  const paths = ["/a", "/a/[b]", "/a/*", "/a/?", "/a/**/c", "/a/!"];
  const isMatch = matcher(paths.map(literally));
  assert.deepEqual([...paths, "/a/b", "/a/x", "/a/x/c", "/"].filter(isMatch), paths);
});
