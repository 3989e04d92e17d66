import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, constants, openSync, readFileSync, readSync, statSync } from "node:fs";
import type { Socket } from "node:net";
import { test } from "node:test";
import { FakeClock } from "../../testing/fake-clock.js";
import { tempDir } from "../../testing/temp-dir.js";
import { until } from "../../testing/until.js";
import { LogDestination } from "./destination.js";

const destinationModule = new URL("./destination.js", import.meta.url).href;
const clockModule = new URL("../../core/clock.js", import.meta.url).href;

/** A child that logs 20 000 lines to its stdout, then tells on stderr how long that took at most, and says one more line a moment later. */
const chatty = `
  import { LogDestination } from ${JSON.stringify(destinationModule)};
  import { systemClock } from ${JSON.stringify(clockModule)};
  const log = LogDestination.open("stdout", systemClock);
  const startedMs = performance.now();
  for (let n = 0; n < 20000; n++) log.write("line " + n + " " + "x".repeat(100) + "\\n");
  process.stderr.write("took " + Math.round(performance.now() - startedMs) + "\\n");
  process.stdin.once("data", async () => {
    log.write("the last line\\n");
    await log[Symbol.asyncDispose]();
    process.exit(0);
  });
`;

/** Starts the chatty child, maybe through a shell; resolves when it has written everything it wanted to. */
async function startChatty(shell?: string) {
  const command = [process.execPath, "--input-type=module", "-e", chatty];
  const [program = "", ...args] = shell === undefined ? command : ["sh", "-c", shell, ...command];
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe", "pipe"], detached: true });
  const [told] = (await once(child.stderr, "data")) as [Buffer];
  return {
    child,
    tookMs: Number(/took (\d+)/.exec(told.toString())?.[1]),
    /** Begins to read; resolves with everything when the child has said its last line. */
    read: async (): Promise<string> => {
      let text = "";
      child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
      await until(() => text.includes("were dropped"), "the missed lines are told");
      child.stdin.end("go on\n");
      await once(child, "close");
      return text;
    },
    [Symbol.dispose]: () => {
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGKILL");
    },
  };
}

/** What came out of a stalled pipe in the end: whole lines in order, a count of those that did not fit, and the last one. */
function assertNothingWasSilentlyLost(text: string): void {
  const lines = text.trimEnd().split("\n");
  const kept = lines.filter((line) => line.startsWith("line "));
  assert.deepEqual(
    kept.map((line) => Number(line.split(" ")[1])),
    kept.map((_, at) => at),
    "the first lines, in order",
  );
  const dropped = /(\d+) log lines were dropped/.exec(text)?.[1];
  assert.equal(kept.length + Number(dropped), 20_000);
  assert.ok(lines.includes("the last line"));
}

test("a reader that stalls never holds up the agent, and is told later how many lines it missed", async () => {
  using chat = await startChatty('"$0" "$@" | { read -r go <&3; cat; }');
  assert.ok(chat.tookMs < 5000, `writing took ${chat.tookMs} ms`);
  (chat.child.stdio[3] as Socket).end("read\n");
  assertNothingWasSilentlyLost(await chat.read());
});

test("a socket in place of a pipe, as under systemd, holds up the agent no more", async () => {
  using chat = await startChatty();
  assert.ok(chat.tookMs < 5000, `writing took ${chat.tookMs} ms`);
  assertNothingWasSilentlyLost(await chat.read());
});

test("a file is appended to, and made for its owner and group", async () => {
  using dir = tempDir();
  const file = dir.write("old", "before\n");
  for (const output of [file, dir.at("new")]) {
    await using destination = LogDestination.open(output, new FakeClock());
    destination.write("after\n");
  }
  assert.equal(readFileSync(file, "utf8"), "before\nafter\n");
  assert.equal(statSync(dir.at("new")).mode & 0o137, 0);
});

test("a file that cannot be opened is refused with what to do", () => {
  using dir = tempDir();
  assert.throws(() => LogDestination.open(dir.path, new FakeClock()), {
    code: "failed",
    message: /^Cannot open the log .*EISDIR.*Change agent\.log\.output\.$/,
  });
});

test("a disk without space costs lines, never the agent, and is not asked again and again", async () => {
  const clock = new FakeClock();
  const destination = LogDestination.open("/dev/full", clock);
  for (let n = 0; n < 100; n++) destination.write("line\n");
  await clock.pass(60_000);
  assert.ok(clock.fired <= 120, `woke ${clock.fired} times in a minute`);
  await destination[Symbol.asyncDispose]();
  assert.equal(clock.waiting, 0);
});

test("lines that were refused are told as soon as lines are taken again", async () => {
  using dir = tempDir();
  const fifo = dir.at("fifo");
  execFileSync("mkfifo", [fifo]);
  const openReader = (): number => openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
  const first = openReader();
  const clock = new FakeClock();
  const destination = LogDestination.open(fifo, clock);
  destination.write("taken\n");
  closeSync(first);
  destination.write("refused\n");
  destination.write("refused\n");
  const second = openReader();
  await clock.pass(5000);
  destination.write("taken again\n");
  const buffer = Buffer.alloc(1000);
  const text = buffer.toString("utf8", 0, readSync(second, buffer));
  closeSync(second);
  await destination[Symbol.asyncDispose]();
  assert.match(text, /"level":"warn".*"2 log lines were dropped"\}\ntaken again\n$/);
});

test("lines that were missed are told also when the reader stalls right then, with nothing said after that", async () => {
  using dir = tempDir();
  const fifo = dir.at("fifo");
  execFileSync("mkfifo", [fifo]);
  const reader = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
  const clock = new FakeClock();
  const destination = LogDestination.open(fifo, clock);
  const pipeBytes = 64 * 1024;
  const line = `${"x".repeat(4095)}\n`; // A pipe takes these whole or not at all.
  for (let bytes = 0; bytes < pipeBytes + 1024 * 1024; bytes += line.length) destination.write(line);
  destination.write("missed\n");
  const buffer = Buffer.alloc(pipeBytes);
  let text = "";
  for (let full = true; full; full = text.endsWith(line)) {
    text = buffer.toString("utf8", 0, readSync(reader, buffer));
    await clock.pass(100);
  }
  closeSync(reader);
  await destination[Symbol.asyncDispose]();
  assert.match(text, /^\{"level":"warn".*"1 log lines were dropped"\}\n$/);
});
