import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type * as z from "zod";
import { address, command, duration, environment, name, size } from "./values.js";

/** What a schema makes of a value, or the first thing it says against it. */
function read(schema: z.ZodType, value: unknown): unknown {
  const parsed = schema.safeParse(value);
  return parsed.success ? parsed.data : `refused: ${parsed.error.issues[0]?.message}`;
}

function refuses(schema: z.ZodType, why: RegExp, ...values: unknown[]): void {
  for (const value of values)
    assert.match(String(read(schema, value)), why, `${JSON.stringify(value)} must be refused with a reason`);
}

test("a duration is written with its unit and read as milliseconds", () => {
  const written = ["500ms", "30s", "5m", "2h", "7d", "0s", "1.5s", "0.25h"];
  assert.deepEqual(
    written.map((text) => read(duration, text)),
    [500, 30_000, 300_000, 7_200_000, 604_800_000, 0, 1500, 900_000],
  );
});

test("a duration without unit, sign or sense is refused and told how to write it", () => {
  refuses(duration, /with its unit, like 500ms/, "30", 30, "30 s", "-1s", "s", "1w", "1e3s", "", "1s ", "1,5s", null);
});

test("a size is written with its unit and read as bytes", () => {
  const written = ["100B", "512KiB", "64MiB", "1GiB", "1TiB", "1.5KiB", "0B"];
  assert.deepEqual(
    written.map((text) => read(size, text)),
    [100, 524_288, 67_108_864, 1_073_741_824, 1_099_511_627_776, 1536, 0],
  );
});

test("a size in units that mean different things to different people is refused", () => {
  refuses(size, /with its unit, like 512KiB/, "64", 64, "64MB", "64M", "64mib", "-1KiB", "64 MiB");
});

test("any whole number of any unit is read exactly, up to a year", () => {
  const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
  const yearMs = 365 * units.d;
  fc.assert(
    fc.property(fc.nat(1_000_000), fc.constantFrom(...Object.entries(units)), (count, [unit, ms]) => {
      const text = `${count}${unit}`;
      if (count * ms <= yearMs) assert.equal(read(duration, text), count * ms);
      else refuses(duration, /must be at most 365d/, text);
    }),
  );
});

test("an address is host and port, with brackets around IPv6", () => {
  assert.deepEqual(read(address, "127.0.0.1:9680"), { host: "127.0.0.1", port: 9680 });
  assert.deepEqual(read(address, "[::1]:0"), { host: "::1", port: 0 });
  assert.deepEqual(read(address, "db.internal:5432"), { host: "db.internal", port: 5432 });
});

test("an address without port, with a port beyond 65535, or with bare IPv6 is refused", () => {
  refuses(address, /must be host:port/, "127.0.0.1", ":80", "::1:80", "a b:80", "host:", "host:http", "http://host:80");
  refuses(address, /up to 65535/, "127.0.0.1:65536", "127.0.0.1:99999");
});

test("a name can become part of a file name, a label and a path", () => {
  for (const good of ["a", "web", "vcon-server", "A_1", "9lives", "x".repeat(63)]) assert.equal(read(name, good), good);
  refuses(name, /1 to 63 letters/, "", "-a", "_a", "a b", "a/b", "..", "a.b", "ä", "x".repeat(64), "a\n");
});

test("a command names a program and cannot smuggle a NUL", () => {
  assert.deepEqual(read(command, ["node", "", "a b"]), ["node", "", "a b"]);
  refuses(command, /must name a program/, [], [""]);
  refuses(command, /NUL/, ["node", "a\0b"]);
});

test("environment values may be text, numbers or truth values, and are always text for the process", () => {
  assert.deepEqual(read(environment, { PORT: 8080, DEBUG: true, NAME: "x", _: "" }), {
    PORT: "8080",
    DEBUG: "true",
    NAME: "x",
    _: "",
  });
  refuses(environment, /must be text, a number or true or false/, { A: null }, { A: ["x"] }, { A: { b: 1 } });
  const keys = environment.safeParse({ "1A": "x", "A-B": "x", "A B": "x" });
  assert.equal(keys.error?.issues.length, 3);
});
