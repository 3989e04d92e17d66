import { spawn } from "node:child_process";
import { once } from "node:events";
import { open, type FileHandle } from "node:fs/promises";
import type { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { messageOf } from "@ostler/protocol";
import { environmentOf } from "../environment.js";
import type { Access } from "./access.js";
import { toFacts, type ByteSource, type Facts } from "./byte-source.js";
import type { Packing } from "./packing.js";
import { Unreadable } from "./unreadable.js";

/**
 * What is packed in a file, from the beginning on. Only what was read last can be read again: `keptBytes` of it, which is more
 * than anybody goes back. Nothing is unpacked before it is read.
 */
export class Unpacked implements ByteSource {
  readonly #path: string;
  readonly #packing: Packing;
  readonly #keptBytes: number;
  readonly #file: FileHandle;
  readonly #facts: Facts;
  #unpacking: Unpacking | undefined;
  #kept: Buffer[] = [];
  #keptFrom = 0;
  #readTo = 0;
  #failure: Unreadable | undefined;
  #isEndKnown = false;

  static async open(path: string, packing: Packing, keptBytes: number, access: Access): Promise<Unpacked> {
    const file = await access.ask(() => open(path, "r"));
    return new Unpacked(path, packing, keptBytes, file, toFacts(await access.ask(() => file.stat())));
  }

  private constructor(path: string, packing: Packing, keptBytes: number, file: FileHandle, facts: Facts) {
    this.#path = path;
    this.#packing = packing;
    this.#keptBytes = keptBytes;
    this.#file = file;
    this.#facts = facts;
  }

  async facts(): Promise<Facts> {
    return this.#facts;
  }

  async read(buffer: Buffer, length: number, offset: number): Promise<number> {
    if (offset < this.#keptFrom) throw new Error(`${this.#path} cannot be unpacked backwards.`);
    while (this.#readTo < offset + length && !this.#failure && (await this.#more()));
    // What came before the failure is handed out once; whoever asks for more is told.
    if (this.#failure && (this.#isEndKnown || this.#readTo <= offset)) throw this.#failure;
    this.#isEndKnown = this.#failure !== undefined;
    let done = 0;
    let at = this.#keptFrom;
    for (const chunk of this.#kept) {
      if (at + chunk.length > offset && done < length)
        done += chunk.copy(buffer, done, Math.max(0, offset - at), Math.min(chunk.length, offset + length - at));
      at += chunk.length;
    }
    return done;
  }

  async close(): Promise<void> {
    await this.#unpacking?.end();
    await this.#file.close();
  }

  async #more(): Promise<boolean> {
    const { chunks } = (this.#unpacking ??= unpack(this.#packing, this.#file));
    const { done, value } = await chunks.next().catch((failure: unknown) => {
      this.#failure = new Unreadable(`${this.#path} cannot be unpacked: ${messageOf(failure)}`);
      return { done: true as const, value: undefined };
    });
    if (done === true) return false;
    this.#kept.push(value);
    this.#readTo += value.length;
    for (;;) {
      const [first] = this.#kept;
      if (!first || this.#readTo - this.#keptFrom - first.length < this.#keptBytes) return true;
      this.#keptFrom += first.length;
      this.#kept.shift();
    }
  }
}

type Unpacking = { chunks: AsyncIterator<Buffer, void>; end: () => Promise<void> };

function unpack({ command }: Packing, file: FileHandle): Unpacking {
  return command ? byProgram(command, file) : byZlib(file);
}

function byZlib(file: FileHandle): Unpacking {
  const input = file.createReadStream({ autoClose: false });
  const stream = createGunzip({ chunkSize: 64 * 1024 });
  input.on("error", (failure) => stream.destroy(failure));
  input.pipe(stream);
  const end = async (): Promise<void> => {
    stream.destroy();
    input.destroy();
  };
  return { chunks: chunksOf(stream), end };
}

/** It ends by itself when nobody reads any more, also when the agent was killed: its output breaks. */
function byProgram([program, ...args]: readonly [string, ...string[]], file: FileHandle): Unpacking {
  const env = environmentOf({ LC_ALL: "C" }, process.env);
  const child = spawn(program, args, { env, cwd: "/", stdio: [file.fd, "pipe", "ignore"] });
  let failure: Error | undefined;
  child.on("error", (reason) => (failure = reason));
  const closed = once(child, "close").catch(() => undefined); // Told below.
  async function* chunks(): AsyncGenerator<Buffer, void> {
    if (child.stdout) yield* chunksOf(child.stdout);
    await closed;
    if (failure) throw failure;
    if (child.exitCode !== 0) throw new Error(`${program} ended with ${child.exitCode ?? child.signalCode}`);
  }
  const end = async (): Promise<void> => {
    child.kill("SIGKILL");
    child.stdout?.destroy();
    await closed;
  };
  return { chunks: chunks(), end };
}

async function* chunksOf(stream: Readable): AsyncGenerator<Buffer, void> {
  for await (const chunk of stream) yield chunk as Buffer;
}
