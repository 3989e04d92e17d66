import assert from "node:assert/strict";
import { test } from "node:test";
import { shown } from "./shown-url.js";

const rows: [text: string, shown: string][] = [
  ["http://me:pass@host/a:b@c", "http://me:[redacted]@host/a:b@c"],
  ["http://me:p@ss:w@host", "http://me:[redacted]@host"],
  ["https://t0ken@host/", "https://[redacted]@host/"],
  ["https://t@k@host/", "https://[redacted]@host/"],
  ["redis://:pass@host:6379/0", "redis://:[redacted]@host:6379/0"],
  ["--dsn=db+tls://me:pass@a --to=db://you:word@b", "--dsn=db+tls://me:[redacted]@a --to=db://you:[redacted]@b"],
  ["http://me:a@x,http://me:b@y", "http://me:[redacted]@x,http://me:[redacted]@y"],
  ["http://host:80/a:b@c", "http://host:80/a:b@c"],
  ["http://host?to=me@there", "http://host?to=me@there"],
  ["me@there", "me@there"],
];

for (const [text, says] of rows) test(`shown: ${text} as ${says}`, () => assert.equal(shown(text), says));
