import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { test } from "node:test";
import { serveTcp } from "../testing/servers.js";
import { RedisClient } from "./redis-client.js";
import { decodeReply, encodeCommand, type Reply } from "./resp.js";

const never = new AbortController().signal;

function decoded(text: string): Reply | undefined {
  return decodeReply(Buffer.from(text), 0)?.reply;
}

test("every kind of reply is understood", () => {
  assert.equal(decoded("+PONG\r\n"), "PONG");
  assert.deepEqual(decoded("-ERR no\r\n"), { refused: "ERR no" });
  assert.equal(decoded(":-3\r\n"), -3);
  assert.equal(decoded("$3\r\na\r\n\r\n"), "a\r\n");
  assert.equal(decoded("$2\r\nä\r\n"), "ä");
  assert.equal(decoded("$-1\r\n"), null);
  assert.equal(decoded("*-1\r\n"), null);
  assert.deepEqual(decoded("*2\r\n$1\r\n0\r\n*1\r\n:1\r\n"), ["0", [1]]);
});

test("a reply that has not come whole is waited for, wherever it is cut", () => {
  const whole = "*2\r\n$1\r\n0\r\n*2\r\n$5\r\nqueue\r\n:1\r\n";
  for (let length = 0; length < whole.length; length++) assert.equal(decoded(whole.slice(0, length)), undefined);
  assert.deepEqual(decoded(whole), ["0", ["queue", 1]]);
});

test("what is no reply is refused", () => {
  for (const text of ["HTTP/1.1 200 OK\r\n", ":x\r\n", "$1e9\r\n", "*1\r\n".repeat(20)])
    assert.throws(() => decoded(text));
});

test("a command is counted in bytes", () => {
  assert.equal(encodeCommand(["GET", "ä"]), "*2\r\n$3\r\nGET\r\n$2\r\nä\r\n");
});

/** A server that answers each chunk with the next of these. */
async function answering(...answers: string[]) {
  const heard: string[] = [];
  const server = await serveTcp((socket: Socket) =>
    socket.on("data", (chunk) => {
      heard.push(chunk.toString());
      socket.write(answers.shift() ?? "");
    }),
  );
  const at = { address: { host: "127.0.0.1", port: server.port }, db: 0 };
  return { heard, at, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

test("it logs in and chooses its database before it asks", async () => {
  await using server = await answering("+OK\r\n", "+OK\r\n", ":4\r\n");
  using client = await RedisClient.open({ ...server.at, username: "u", password: "p", db: 3 }, never);
  assert.equal(await client.askOne(["LLEN", "q"]), 4);
  assert.deepEqual(
    server.heard,
    [
      ["AUTH", "u", "p"],
      ["SELECT", "3"],
      ["LLEN", "q"],
    ].map(encodeCommand),
  );
});

test("a refusal is told in the server's words, and never the password", async () => {
  await using server = await answering("-WRONGPASS invalid username-password pair\r\n");
  const opened = RedisClient.open({ ...server.at, password: "hush" }, never);
  await assert.rejects(opened, { message: "AUTH was refused: WRONGPASS invalid username-password pair" });
});

test("several questions go together, and what one is refused spoils no other", async () => {
  await using server = await answering(":1\r\n-WRONGTYPE no list\r\n:2\r\n");
  using client = await RedisClient.open(server.at, never);
  const replies = await client.ask([
    ["LLEN", "a"],
    ["LLEN", "b"],
    ["LLEN", "c"],
  ]);
  assert.deepEqual(replies, [1, { refused: "WRONGTYPE no list" }, 2]);
});

test("nothing is sent that would change anything", async () => {
  await using server = await answering();
  using client = await RedisClient.open(server.at, never);
  for (const command of [
    ["DEL", "a"],
    ["SET", "a", "b"],
    ["FLUSHALL"],
    ["CONFIG", "SET", "a", "b"],
    ["KEYS", "*"],
    ["XINFO", "x"],
    [],
  ])
    await assert.rejects(client.askOne(command), /is no command that only reads/);
  assert.deepEqual(server.heard, []);
});

test("an answer without end ends the connection", async () => {
  let closed: Promise<unknown> | undefined;
  await using server = await serveTcp((socket) => {
    closed = new Promise((resolve) => socket.once("close", resolve));
    socket.write(`$2000000\r\n${"x".repeat(1_500_000)}`);
  });
  using client = await RedisClient.open({ address: { host: "127.0.0.1", port: server.port }, db: 0 }, never);
  await assert.rejects(client.askOne(["GET", "a"]), /more than 1048576 bytes|no command|closed/);
  await closed;
});

test("a question ends with its signal", async () => {
  await using server = await answering();
  const stop = new AbortController();
  using client = await RedisClient.open(server.at, stop.signal);
  const asked = client.askOne(["PING"]);
  stop.abort();
  await assert.rejects(asked, /no answer in time/);
  await assert.rejects(client.askOne(["PING"]), /no answer in time/);
});
