import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { encodeRecord, nextRecord, recordAt, type JournalRecord } from "./record.js";

const record = (seq: number, json = `{"n":${seq}}`): JournalRecord => ({ kind: "event", seq, json });
const bytesOf = (...records: JournalRecord[]): Buffer => Buffer.from(records.map(encodeRecord).join(""));

const arbitraryText = fc.oneof(
  fc.json(),
  fc.string({ unit: "grapheme" }).map((text) => JSON.stringify(text)),
);
const arbitraryRecord: fc.Arbitrary<JournalRecord> = fc
  .tuple(fc.constantFrom("event" as const, "snapshot" as const, "gap" as const), fc.maxSafeNat(), arbitraryText)
  .map(([kind, seq, json]) => ({ kind, seq, json }));

test("a record is a line that people can read from its 37th character on", () => {
  const line = encodeRecord(record(7));
  assert.match(line, /^[0-9a-f]{8} 00000007 e0000000000000007 \{"n":7\}\n$/);
  assert.equal(line.slice(36), '{"n":7}\n');
});

test("every record comes back as it was written, whatever is in it and wherever it lies", () => {
  fc.assert(
    fc.property(arbitraryRecord, fc.string({ unit: "binary" }), (written, before) => {
      const start = Buffer.byteLength(before);
      const bytes = Buffer.from(before + encodeRecord(written));
      assert.deepEqual(recordAt(bytes, start), { found: "record", record: written, end: bytes.length });
    }),
    { numRuns: 500 },
  );
});

test("records lie one behind the other", () => {
  fc.assert(
    fc.property(fc.array(arbitraryRecord), (records) => {
      const bytes = bytesOf(...records);
      const seen: JournalRecord[] = [];
      for (let at = 0; at < bytes.length;) {
        const here = recordAt(bytes, at);
        assert.equal(here.found, "record");
        if (here.found !== "record") return;
        seen.push(here.record);
        at = here.end;
      }
      assert.deepEqual(seen, records);
    }),
  );
});

test("a record that is cut anywhere is known to be cut", () => {
  const bytes = bytesOf(record(7, '{"text":"ünï→🦉"}'));
  for (let length = 0; length < bytes.length; length++)
    assert.equal(recordAt(bytes.subarray(0, length), 0).found, "partial", `${length} bytes`);
});

test("no byte of a record can change without being noticed", () => {
  const bytes = bytesOf(record(7, '{"text":"ünï→🦉"}'), record(8));
  const end = bytesOf(record(7, '{"text":"ünï→🦉"}')).length;
  for (let at = 0; at < end; at++)
    for (let value = 0; value < 256; value++) {
      if (value === bytes[at]) continue;
      const damaged = Buffer.from(bytes);
      damaged[at] = value;
      assert.notEqual(recordAt(damaged, 0).found, "record", `byte ${at} is ${value}`);
    }
});

test("behind damage the next whole record is found", () => {
  const bytes = bytesOf(record(1), record(2), record(3));
  const second = bytesOf(record(1)).length;
  for (let at = 0; at < second; at++) {
    const damaged = Buffer.from(bytes);
    damaged[at] = damaged[at] === 0x0a ? 0x20 : 0x0a;
    const found = nextRecord(damaged, 0);
    // Without its newline the first line runs on into the second.
    assert.equal(found, at === second - 1 ? bytesOf(record(1), record(2)).length : second, `byte ${at}`);
  }
});

test("behind the last record there is none", () => {
  assert.equal(nextRecord(bytesOf(record(1)), 0), undefined);
  assert.equal(nextRecord(Buffer.alloc(0), 0), undefined);
});

test("text of events that looks like a record is none", () => {
  const inner = encodeRecord(record(666));
  const bytes = bytesOf(record(1, JSON.stringify(inner)), record(2));
  assert.equal(nextRecord(bytes, 0), bytesOf(record(1, JSON.stringify(inner))).length);
});
