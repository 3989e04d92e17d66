import { messageOf, OstlerError } from "@ostler/protocol";
import type { Clock } from "../../core/clock.js";
import { fileWriter, standardWriter, type Writer } from "./writer.js";

/** While the reader of the log stalls, this much waits in memory; what comes after that is counted and dropped. */
const maxWaitingBytes = 1024 * 1024;
const retryMs = 20;
/** While the disk is full or the reader gone, it is asked this often whether lines can be told again. */
const refusedRetryMs = 1000;
/** How long the end of the agent may wait for a stalled reader. */
const lastWaitMs = 200;

/** Where log lines go: at once, so that nothing is lost when the agent is terminated, and without ever waiting for a reader. */
export class LogDestination implements AsyncDisposable {
  readonly #writer: Writer;
  readonly #clock: Clock;
  readonly #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #dropped = 0;
  #cancelRetry: (() => void) | undefined;

  /** `stdout`, `stderr` or the path of a file. @throws OstlerError `failed` when it cannot be opened */
  static open(output: string, clock: Clock): LogDestination {
    try {
      const writer =
        output === "stdout" ? standardWriter(1) : output === "stderr" ? standardWriter(2) : fileWriter(output);
      return new LogDestination(writer, clock);
    } catch (cause) {
      throw new OstlerError("failed", `Cannot open the log ${output}: ${messageOf(cause)}. Change agent.log.output.`, {
        cause,
      });
    }
  }

  private constructor(writer: Writer, clock: Clock) {
    this.#writer = writer;
    this.#clock = clock;
  }

  write(line: string): void {
    const bytes = Buffer.from(line);
    if (this.#waitingBytes + bytes.length > maxWaitingBytes) {
      this.#dropped++;
      return;
    }
    this.#wait(bytes);
    this.#flush();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const until = this.#clock.monotonic() + lastWaitMs;
    const never = new AbortController().signal;
    while (this.#waiting.length > 0 && this.#clock.monotonic() < until) await this.#clock.sleep(retryMs, never);
    this.#cancelRetry?.();
    this.#writer.close();
  }

  #wait(bytes: Buffer): void {
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
  }

  #flush(): void {
    for (let bytes = this.#waiting[0]; bytes; bytes = this.#waiting[0]) {
      const written = this.#write(bytes);
      this.#waitingBytes -= written;
      if (written < bytes.length) {
        this.#waiting[0] = bytes.subarray(written);
        this.#retry(retryMs);
        return;
      }
      this.#waiting.shift();
    }
    if (this.#dropped > 0) this.#tellDropped();
  }

  #retry(ms: number): void {
    this.#cancelRetry ??= this.#clock.after(ms, () => {
      this.#cancelRetry = undefined;
      this.#flush();
    });
  }

  /** A log whose disk is full or whose reader is gone must not stop the agent: the line is dropped, and counted. */
  #write(bytes: Buffer): number {
    try {
      return this.#writer.write(bytes);
    } catch {
      this.#dropped++;
      return bytes.length;
    }
  }

  /** Once, as soon as a line can be written again; what of it does not fit now waits as every line does. */
  #tellDropped(): void {
    const line = {
      level: "warn",
      time: new Date(this.#clock.now()).toISOString(),
      msg: `${this.#dropped} log lines were dropped`,
    };
    const bytes = Buffer.from(`${JSON.stringify(line)}\n`);
    let written: number;
    try {
      written = this.#writer.write(bytes);
    } catch {
      this.#retry(refusedRetryMs); // The count is kept.
      return;
    }
    if (written > 0) this.#dropped = 0;
    if (written < bytes.length) {
      if (written > 0) this.#wait(bytes.subarray(written));
      this.#retry(retryMs);
    }
  }
}
