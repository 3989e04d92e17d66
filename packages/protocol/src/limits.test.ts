import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesInWords, limitInWords } from "./limits.js";

test("a limit is said with its unit, and which way it was missed", () => {
  const mib = 1024 ** 2;
  const said = [
    limitInWords({ what: "memory", bound: "at-most", value: 600 * mib, limit: 512 * mib }),
    limitInWords({ what: "cpu", bound: "at-most", value: 180.4, limit: 90 }),
    limitInWords({ what: "open_files", bound: "at-most", value: 1001, limit: 1000 }),
    limitInWords({ what: "children", child: "worker", bound: "at-least", value: 2, limit: 4 }),
  ];
  assert.deepEqual(said, [
    "memory 600 MiB, more than 512 MiB",
    "CPU 180 %, more than 90 %",
    "open files 1001, more than 1000",
    "processes worker 2, fewer than 4",
  ]);
});

test("bytes are said in the unit that fits", () => {
  assert.deepEqual([0, 512, 1536, 64 * 1024, 15.37 * 1024 ** 3, 2 ** 60].map(bytesInWords), [
    "0 B",
    "512 B",
    "1.5 KiB",
    "64 KiB",
    "15.4 GiB",
    "1048576 TiB",
  ]);
});
