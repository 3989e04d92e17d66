import assert from "node:assert/strict";
import { test } from "node:test";
import { ExportReader, maxValueBytes, type Fields } from "./export-reader.js";

const shown = (entries: readonly Fields[]): Record<string, string>[] =>
  entries.map((fields) => Object.fromEntries([...fields].map(([name, value]) => [name, value.toString("latin1")])));

function binary(name: string, value: Buffer): Buffer {
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(value.length));
  return Buffer.concat([Buffer.from(`${name}\n`), size, value, Buffer.from("\n")]);
}

const two = Buffer.concat([
  Buffer.from("__CURSOR=s=1;i=2\nMESSAGE=a=b\nEMPTY=\n\n__CURSOR=s=1;i=3\n"),
  binary("MESSAGE", Buffer.from("one\n\ntwo\xff", "latin1")),
  binary("NOTHING", Buffer.alloc(0)),
  Buffer.from("_PID=1\n\n"),
]);
const both = [
  { __CURSOR: "s=1;i=2", MESSAGE: "a=b", EMPTY: "" },
  { __CURSOR: "s=1;i=3", MESSAGE: "one\n\ntwo\xff", NOTHING: "", _PID: "1" },
];

test("a field is a line, or bytes of any kind", () => {
  assert.deepEqual(shown(new ExportReader().feed(two)), both);
});

test("entries are the same wherever the bytes were cut", () => {
  for (let bytes = 1; bytes < two.length; bytes++) {
    const reader = new ExportReader();
    const entries: Fields[] = [];
    for (let at = 0; at < two.length; at += bytes) entries.push(...reader.feed(two.subarray(at, at + bytes)));
    assert.deepEqual(shown(entries), both, `${bytes} at a time`);
  }
});

test("of a value that is too long the beginning is kept, and what comes after it is whole", () => {
  for (const giant of [
    binary("MESSAGE", Buffer.alloc(3 * maxValueBytes, "y")),
    Buffer.from(`MESSAGE=${"y".repeat(3 * maxValueBytes)}\n`),
  ]) {
    const [one, next] = new ExportReader().feed(Buffer.concat([giant, Buffer.from("_PID=7\n\nA=b\n\n")]));
    const message = one?.get("MESSAGE") ?? assert.fail("no message");
    assert.ok(message.length <= maxValueBytes && message.length > maxValueBytes / 2, `${message.length}`);
    assert.deepEqual([one?.get("_PID")?.toString(), next?.get("A")?.toString()], ["7", "b"]);
  }
});

test("nothing is held of a value but its beginning", () => {
  const reader = new ExportReader();
  reader.feed(Buffer.from("MESSAGE="));
  for (let times = 0; times < 64; times++) assert.deepEqual(reader.feed(Buffer.alloc(maxValueBytes / 16, "y")), []);
  const [entry] = reader.feed(Buffer.from("\n\n"));
  assert.ok((entry?.get("MESSAGE")?.length ?? 0) <= maxValueBytes);
});
