import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { lineFormats, type Fields, type Level, type LineFormat } from "./line-info.js";
import { LineReader, maxLookedAt, understand } from "./understand.js";

const nowMs = Date.UTC(2026, 10, 21, 12);
const at = (text: string): number => Date.parse(text);
/** What has no zone is of this host, wherever that is. */
const here = (...[year, month, ...rest]: [number, number, number, number, number, number, number?]): number =>
  new Date(year, month - 1, ...rest).getTime();

type Expected = { format: LineFormat; timeMs?: number; level?: Level; message?: string; fields?: Fields };

/** Of the fields only those that are named need be as they say. */
function says(text: string, expected: Expected, format: LineFormat | "auto" = "auto"): void {
  const { fields, ...info } = understand(text, format, nowMs);
  const { fields: wanted = {}, ...rest } = expected;
  assert.deepEqual(info, rest, text);
  assert.deepEqual(Object.fromEntries(Object.keys(wanted).map((name) => [name, fields[name]])), wanted, text);
}

test("JSON of Python, slog, pino, zap and tracing", () => {
  says(
    '{"asctime": "2026-11-20 18:23:20,642", "levelname": "INFO", "name": "main", "message": "Completed processing vCon 42 in 1.5 seconds - Chain: main", "vcon_processing_time": 1.5}',
    {
      format: "json",
      timeMs: here(2026, 11, 20, 18, 23, 20, 642),
      level: "info",
      message: "Completed processing vCon 42 in 1.5 seconds - Chain: main",
      fields: { vcon_processing_time: 1.5, name: "main" },
    },
  );
  says(
    '{"time":"2026-11-20T18:27:30.524Z","level":"WARN","msg":"peer lost","address":{"IP":"127.0.0.1","Port":18090}}',
    {
      format: "json",
      timeMs: at("2026-11-20T18:27:30.524Z"),
      level: "warning",
      message: "peer lost",
      fields: { "address.IP": "127.0.0.1", "address.Port": 18090 },
    },
  );
  const timeMs = at("2026-11-20T18:27:30.524Z");
  says(`{"level":50,"time":${timeMs},"pid":1,"msg":"no"}`, { format: "json", timeMs, level: "error", message: "no" });
  says(`{"level":"info","ts":${timeMs / 1000},"msg":"yes"}`, { format: "json", timeMs, level: "info", message: "yes" });
  says(`{"ts":${timeMs}000,"msg":"µs"}`, { format: "json", timeMs, message: "µs" });
  says(`{"ts":"${timeMs}000000","msg":"ns"}`, { format: "json", timeMs, message: "ns" });
  says('{"timestamp":"2026-11-20T18:27:30.524Z","level":"TRACE","fields":{"message":"deep","n":1}}', {
    format: "json",
    timeMs,
    level: "trace",
    message: "deep",
    fields: { "fields.n": 1 },
  });
  says('{"level":"ERROR+2","list":[1,"two",null],"own":{"__proto__":3}}', {
    format: "json",
    level: "error",
    fields: { "list.0": 1, "list.1": "two", "own.__proto__": 3 },
  });
});

test("the access line that uvicorn puts into JSON has the fields of one", () => {
  says(
    '{"name":"uvicorn.access","levelname":"INFO","message":"127.0.0.1:45832 - \\"GET /api/config HTTP/1.1\\" 403"}',
    {
      format: "json",
      level: "info",
      message: '127.0.0.1:45832 - "GET /api/config HTTP/1.1" 403',
      fields: { status: 403, method: "GET", path: "/api/config", remote: "127.0.0.1:45832" },
    },
  );
});

test("logfmt, and the text of slog", () => {
  says('time=2026-11-20T18:27:30.524Z level=INFO msg="agent started" agent_id=e5f73ee2 peers=1 ok=true', {
    format: "slog",
    timeMs: at("2026-11-20T18:27:30.524Z"),
    level: "info",
    message: "agent started",
    fields: { agent_id: "e5f73ee2", peers: 1, ok: true },
  });
  says("event=key_rotation status=success epoch=0 duration_ms=1.25 interval_secs=300", {
    format: "logfmt",
    fields: { event: "key_rotation", status: "success", epoch: 0, duration_ms: 1.25, interval_secs: 300 },
  });
  says('event=connected endpoint=Dialer { address: "/ip4/1.2.3.4/udp/9", role: Dialer } result=Ok(1.2ms) n=1', {
    format: "logfmt",
    fields: {
      event: "connected",
      endpoint: 'Dialer { address: "/ip4/1.2.3.4/udp/9", role: Dialer }',
      result: "Ok(1.2ms)",
      n: 1,
    },
  });
  says('level=w reason=not on the list addr="a \\"b\\" \\u00fc\\n" id=007 big=12345678901234567890 open={', {
    format: "logfmt",
    level: "warning",
    fields: { reason: "not on the list", addr: 'a "b" ü\n', id: "007", big: "12345678901234567890", open: "{" },
  });
});

test("env_logger and tracing, with colours and without", () => {
  const timeMs = at("2025-11-14T12:00:00Z");
  says("[2025-11-14T12:00:00Z INFO  p2p] event=listener_ready listen_addr=/ip4/0.0.0.0/udp/9999 status=accepting", {
    format: "env_logger",
    timeMs,
    level: "info",
    message: "event=listener_ready listen_addr=/ip4/0.0.0.0/udp/9999 status=accepting",
    fields: { target: "p2p", event: "listener_ready", status: "accepting" },
  });
  says("[ERROR p2p::swarm] no address", {
    format: "env_logger",
    level: "error",
    message: "no address",
    fields: { target: "p2p::swarm" },
  });
  const started: Expected = {
    format: "env_logger",
    timeMs: at("2026-11-20T18:23:26.636Z"),
    level: "info",
    message: "Starting SpaceComms node: node-prod-01",
    fields: { target: "spacecomms" },
  };
  says("2026-11-20T18:23:26.636877Z  INFO spacecomms: Starting SpaceComms node: node-prod-01", started);
  says(
    "\u001b[2m2026-11-20T18:23:26.636877Z\u001b[0m \u001b[32m INFO\u001b[0m \u001b[2mspacecomms\u001b[0m\u001b[2m:\u001b[0m Starting SpaceComms node: node-prod-01",
    started,
  );
  says("2026-11-20T18:23:26Z ERROR spacecomms: gone (peer=a, tries=3)", {
    format: "env_logger",
    timeMs: at("2026-11-20T18:23:26Z"),
    level: "error",
    message: "gone (peer=a, tries=3)",
    fields: { peer: "a", tries: 3 },
  });
});

test("syslog of both kinds and the short forms of the journal", () => {
  says("<34>Oct 11 22:14:15 mymachine su: 'su root' failed", {
    format: "syslog",
    timeMs: here(2026, 10, 11, 22, 14, 15),
    level: "critical",
    message: "'su root' failed",
    fields: { host: "mymachine", app: "su", facility: 4 },
  });
  says("Dec  1 00:00:01 node-1 app[42]: late", {
    format: "syslog",
    timeMs: here(2025, 12, 1, 0, 0, 1),
    message: "late",
    fields: { host: "node-1", app: "app", pid: 42 },
  });
  says("Feb 29 10:00:00 node-1 app: leap", { format: "syslog", timeMs: here(2024, 2, 29, 10, 0, 0), message: "leap" });
  says("2026-11-21T10:00:00+0100 node-1 cryprq[7]: [2026-11-21T09:00:00Z WARN  p2p] event=denied", {
    format: "syslog",
    timeMs: at("2026-11-21T09:00:00Z"),
    level: "warning",
    message: "event=denied",
    fields: { host: "node-1", app: "cryprq", pid: 7, target: "p2p", event: "denied" },
  });
  says(
    '<165>1 2026-11-21T10:00:00.003Z host app 8710 ID47 [ex@32473 iut="3" src="A \\] b"][two a="1"] \ufeffit works',
    {
      format: "syslog",
      timeMs: at("2026-11-21T10:00:00.003Z"),
      level: "info",
      message: "it works",
      fields: { msgid: "ID47", "ex@32473.iut": "3", "ex@32473.src": "A ] b", "two.a": "1" },
    },
  );
  says("<11>1 - - - - - - bare", { format: "syslog", level: "error", message: "bare" });
});

test("access logs: common, combined, of Go's routers", () => {
  says('127.0.0.1 - frank [20/Nov/2026:18:23:20 +0100] "GET /a?b=c HTTP/1.1" 403 2326', {
    format: "access",
    timeMs: at("2026-11-20T18:23:20+01:00"),
    message: "GET /a?b=c HTTP/1.1 403",
    fields: { remote: "127.0.0.1", user: "frank", method: "GET", path: "/a?b=c", status: 403, bytes: 2326 },
  });
  says('h:443 ::1 - - [20/Nov/2026:18:23:20 +0000] "POST /x HTTP/2.0" 201 - "-" "curl/8 \\"q\\""', {
    format: "access",
    timeMs: at("2026-11-20T18:23:20Z"),
    message: "POST /x HTTP/2.0 201",
    fields: { vhost: "h:443", remote: "::1", bytes: 0, agent: 'curl/8 \\"q\\"' },
  });
  says('1.2.3.4 - - [20/Nov/2026:18:23:20 +0000] "\\x16\\x03" 400 150', {
    format: "access",
    timeMs: at("2026-11-20T18:23:20Z"),
    message: "\\x16\\x03 400",
    fields: { request: "\\x16\\x03", status: 400 },
  });
  says('2026/11/20 18:23:20 "GET http://a/b HTTP/1.1" from 127.0.0.1:1 - 200 2B in 1.2ms', {
    format: "access",
    timeMs: here(2026, 11, 20, 18, 23, 20),
    message: "GET http://a/b HTTP/1.1 200",
    fields: { status: 200, took: "1.2ms" },
  });
  says('[GIN] 2026/11/20 - 18:23:20 | 404 |      1.2ms |       127.0.0.1 | GET      "/nope"', {
    format: "access",
    timeMs: here(2026, 11, 20, 18, 23, 20),
    message: "GET /nope 404",
    fields: { status: 404, remote: "127.0.0.1" },
  });
});

test("uvicorn, Python's logging, Redis and nginx", () => {
  says('INFO:     127.0.0.1:1234 - "GET / HTTP/1.1" 200 OK', {
    format: "uvicorn",
    level: "info",
    message: '127.0.0.1:1234 - "GET / HTTP/1.1" 200 OK',
    fields: { status: 200, path: "/" },
  });
  says("ERROR:    Exception in ASGI application", {
    format: "uvicorn",
    level: "error",
    message: "Exception in ASGI application",
  });
  says("WARNING:root:disk is full free=0", {
    format: "python",
    level: "warning",
    message: "disk is full free=0",
    fields: { logger: "root", free: 0 },
  });
  says("2026-11-20 18:23:20,642 - api - ERROR - no", {
    format: "python",
    timeMs: here(2026, 11, 20, 18, 23, 20, 642),
    level: "error",
    message: "no",
    fields: { logger: "api" },
  });
  says("[2026-11-20 18:23:20 +0000] [42] [INFO] Booting worker", {
    format: "python",
    timeMs: at("2026-11-20T18:23:20Z"),
    level: "info",
    message: "Booting worker",
    fields: { pid: 42 },
  });
  says("123:M 20 Nov 2026 18:23:20.642 # Can't save in background: fork", {
    format: "redis",
    timeMs: here(2026, 11, 20, 18, 23, 20, 642),
    level: "warning",
    message: "Can't save in background: fork",
    fields: { pid: 123, role: "M" },
  });
  says(
    '2026/11/20 18:23:20 [emerg] 42#43: *7 open() "/x" failed (2: No such file), client: 127.0.0.1, server: _, request: "GET /x HTTP/1.1", host: "a"',
    {
      format: "nginx",
      timeMs: here(2026, 11, 20, 18, 23, 20),
      level: "critical",
      message:
        'open() "/x" failed (2: No such file), client: 127.0.0.1, server: _, request: "GET /x HTTP/1.1", host: "a"',
      fields: { pid: 42, connection: 7, client: "127.0.0.1", path: "/x", host: "a" },
    },
  );
});

test("plain lines, with what they begin with", () => {
  const timeMs = here(2026, 11, 20, 18, 23, 20);
  says("Listening on /ip4/127.0.0.1/udp/9999/quic-v1", {
    format: "plain",
    message: "Listening on /ip4/127.0.0.1/udp/9999/quic-v1",
  });
  says("2026/11/20 18:23:20 listening", { format: "plain", timeMs, message: "listening" });
  says("[2026-11-20 18:23:20] [warn]: careful", { format: "plain", timeMs, level: "warning", message: "careful" });
  says("2026-11-20 18:23:20 | CRITICAL | gone", { format: "plain", timeMs, level: "critical", message: "gone" });
  says("2026-11-20T18:23:20Z Connected to: db", {
    format: "plain",
    timeMs: at("2026-11-20T18:23:20Z"),
    message: "Connected to: db",
  });
  says("Error: Dial error: timed out addr=1.2.3.4 wait_ms=50", {
    format: "plain",
    level: "error",
    message: "Dial error: timed out addr=1.2.3.4 wait_ms=50",
    fields: { addr: "1.2.3.4", wait_ms: 50 },
  });
  says("Errors are rare", { format: "plain", message: "Errors are rare" });
  says("2026-13-40 99:00:00 x", { format: "plain", message: "2026-13-40 99:00:00 x" });
  says("{ not json", { format: "plain", message: "{ not json" });
  says("", { format: "plain", message: "" });
});

test("a line that is not of the format that was named is plain, and slog may write JSON", () => {
  says(
    'Traceback (most recent call last): "a"',
    { format: "plain", message: 'Traceback (most recent call last): "a"' },
    "json",
  );
  says('{"level":"INFO","msg":"m"}', { format: "json", level: "info", message: "m" }, "slog");
  says("INFO:     hello", { format: "uvicorn", level: "info", message: "hello" }, "uvicorn");
});

test("a source whose lines are of several formats has each understood", () => {
  const reader = new LineReader("auto", () => nowMs);
  const lines = ["[2025-11-14T12:00:00Z INFO  p2p] a=1", "Listening on x", '{"msg":"m"}', "a=1", "INFO:     up", "a=1"];
  assert.deepEqual(
    lines.map((line) => reader.read(line).format),
    ["env_logger", "plain", "json", "logfmt", "uvicorn", "logfmt"],
  );
});

test("a stack trace inside of JSON is no reason not to understand it; of other long lines the beginning is", () => {
  const trace = "x".repeat(3 * maxLookedAt);
  says(`{"level":"error","msg":"m","exc":"${trace}"}`, { format: "json", level: "error", message: "m" });
  assert.equal(understand(`${trace} a=1`, "auto", nowMs).message?.length, maxLookedAt);
});

test("no line and no field is too odd", () => {
  const piece = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom(
      ...['"', "\\", "{", "}", "[", "]", "(", "a=", " b=", "=", "<13>", "<13>1 ", "Nov 20 18:23:20 ", "INFO ", ": "],
      ...[
        "2026-11-20T18:23:20Z",
        "2026/11/20 18:23:20",
        " [error] 1#1: ",
        "\u001b[",
        "\u001b]",
        '" 200 5',
        " - - [",
        "\n",
      ],
    ),
  );
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 30 }),
      fc.constantFrom("auto" as const, ...lineFormats),
      (pieces, format) => {
        const { fields, timeMs = 0 } = understand(pieces.join(""), format, nowMs);
        assert.ok(Number.isFinite(timeMs));
        assert.ok(Object.keys(fields).length <= 64);
        assert.ok(Object.values(fields).every((value) => ["string", "number", "boolean"].includes(typeof value)));
      },
    ),
  );
});

test("what is made to be slow costs no more than its length", () => {
  const pieces = [
    "a=(",
    'a="',
    "a={ ",
    "a ",
    "a",
    " ",
    "=",
    "[",
    "((",
    '\\"',
    "\u001b[",
    "\u001b]",
    " [",
    ", client: ",
    "1",
    "a.",
    "[GIN] ",
  ];
  const timeOf = (text: string): number => {
    const startedMs = performance.now();
    for (const format of lineFormats) understand(text, format, nowMs);
    return performance.now() - startedMs;
  };
  const line = (piece: string, length: number): string => `a=1 ${piece.repeat(length / piece.length)}`;
  for (const piece of pieces) {
    const best = (length: number): number => Math.min(...[1, 2, 3, 4, 5].map(() => timeOf(line(piece, length))));
    const [short, long] = [best(maxLookedAt / 16), best(maxLookedAt)];
    assert.ok(long < 100 * Math.max(short, 1), `${JSON.stringify(piece)}: ${short} ms, 16 times as long ${long} ms`);
  }
});
