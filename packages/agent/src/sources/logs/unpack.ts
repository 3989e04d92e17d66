import { spawn } from "node:child_process";
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { environmentOf } from "../../platform/environment.js";
import type { Packing } from "../../platform/follow/packing.js";

/** How much of what a failing program says is told. */
const maxWords = 200;

/**
 * What is in a file, as it is read; never much of it at once, however much it is. gzip needs nothing, the others the
 * program that made them. @throws when it cannot be read to its end
 */
export async function* bytesOf(path: string, packing: Packing | undefined, from = 0): AsyncGenerator<Buffer> {
  if (packing === undefined) {
    yield* createReadStream(path, { start: from }) as AsyncIterable<Buffer>;
    return;
  }
  if (packing.command) {
    yield* through(packing.command, path);
    return;
  }
  const gunzip = createGunzip();
  pipeline(createReadStream(path), gunzip, () => undefined); // A failure ends the reading below, which tells it.
  yield* gunzip as AsyncIterable<Buffer>;
}

async function* through(command: NonNullable<Packing["command"]>, path: string): AsyncGenerator<Buffer> {
  const [program, ...args] = command;
  const env = environmentOf({ LC_ALL: "C" }, process.env);
  const file = await open(path);
  const child = spawn(program, args, { env, cwd: "/", stdio: [file.fd, "pipe", "pipe"] });
  const { stdout, stderr } = child;
  if (!stdout || !stderr) throw new Error(`${program} has no output.`); // Never: both are pipes.
  let failure: string | undefined;
  let said = "";
  child.on("error", ({ message }) => (failure = `${program} could not be run: ${message}`));
  stderr.on("data", (chunk: Buffer) => (said = (said + chunk.toString()).slice(0, maxWords)));
  // The program has the file. Its own error is told below.
  const closed = Promise.allSettled([once(child, "close"), file.close()]);
  try {
    yield* stdout as AsyncIterable<Buffer>; // At once: what nobody listens to when it ends is lost.
    await closed;
    if (failure !== undefined) throw new Error(failure);
    if (child.exitCode !== 0) throw new Error(`${program} ended with ${child.exitCode ?? child.signalCode}: ${said}`);
  } finally {
    child.kill();
    for (const pipe of [stdout, stderr]) pipe.destroy(); // What nobody reads any more would hold it up.
    await closed;
  }
}
