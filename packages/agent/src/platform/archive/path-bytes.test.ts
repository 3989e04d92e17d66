import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesOf, shown, textOf } from "./path-bytes.js";

test("any name comes back byte by byte", () => {
  const names = ["a/b", "ä€😀", "\ufffd", "new\nline", ""].map((name) => Buffer.from(name));
  const bytes = [[0xff], [0x61, 0xe4, 0x62], [0xc3], [0xf0, 0x9f, 0x98], [0xed, 0xa0, 0x80], [0xc3, 0xa4, 0xff, 0xc3]];
  for (const name of [...names, ...bytes.map((some) => Buffer.from(some))])
    assert.deepEqual(bytesOf(JSON.parse(JSON.stringify(textOf(name))) as string), name, name.toString("hex"));
});

test("a name is shown in one line", () => {
  assert.equal(shown(textOf(Buffer.from([0x61, 0x0a, 0xff, 0xc3, 0xa4]))), "a\\n\\xffä");
});
