import { spawn } from "node:child_process";
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { environmentOf } from "../../platform/environment.js";
import type { Packing } from "./rotated.js";

const programs: Readonly<Record<Exclude<Packing, "gz">, string>> = { zst: "zstd", xz: "xz", bz2: "bzip2" };

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
  if (packing !== "gz") {
    yield* through(programs[packing], path);
    return;
  }
  const gunzip = createGunzip();
  pipeline(createReadStream(path), gunzip, () => undefined); // A failure ends the reading below, which tells it.
  yield* gunzip as AsyncIterable<Buffer>;
}

async function* through(program: string, path: string): AsyncGenerator<Buffer> {
  const env = environmentOf({ LC_ALL: "C" }, process.env);
  const child = spawn(program, ["-d", "-c", "--", path], { env, cwd: "/", stdio: ["ignore", "pipe", "pipe"] });
  let failure: string | undefined;
  let said = "";
  child.on("error", ({ message }) => (failure = `${program} could not be run: ${message}`));
  child.stderr.on("data", (chunk: Buffer) => (said = (said + chunk.toString()).slice(0, maxWords)));
  const closed = once(child, "close").catch(() => undefined); // Its error is told below.
  try {
    yield* child.stdout as AsyncIterable<Buffer>;
    await closed;
    if (failure !== undefined) throw new Error(failure);
    if (child.exitCode !== 0) throw new Error(`${program} ended with ${child.exitCode ?? child.signalCode}: ${said}`);
  } finally {
    child.kill();
    for (const pipe of [child.stdout, child.stderr]) pipe.destroy(); // What nobody reads any more would hold it up.
    await closed;
  }
}
