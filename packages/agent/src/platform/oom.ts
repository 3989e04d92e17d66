import { closeSync, constants, openSync, readSync } from "node:fs";
import { readProc } from "./proc.js";

/** Tells whom the kernel killed for lack of memory: in the whole host, or in a control group at its limit. */
export class OomWatch {
  /** All kills since the host has booted, when they were last looked at. */
  #kills = killsSoFar();

  /**
   * Did the kernel kill this process? Cheap unless it has killed somebody since the last time. Where its log may not be
   * read, that it has killed somebody just now is answer enough.
   */
  hasKilled(pid: number): boolean {
    const before = this.#kills;
    this.#kills = killsSoFar();
    if (this.#kills === before) return false;
    return victimsInLog()?.includes(pid) ?? true;
  }
}

function killsSoFar(): string {
  return /^oom_kill \d+$/m.exec(readProc("vmstat") ?? "")?.[0] ?? "";
}

/** Pids in the kernel's log, one record a read; nothing where it may not be read. */
function victimsInLog(): number[] | undefined {
  let log: number;
  try {
    log = openSync("/dev/kmsg", constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
  try {
    const victims: number[] = [];
    const record = Buffer.alloc(8192);
    for (;;) {
      const text = nextRecord(log, record);
      if (text === undefined) return victims;
      const [, pid] = /Killed process (\d+) /.exec(text) ?? [];
      if (pid !== undefined) victims.push(Number(pid));
    }
  } finally {
    closeSync(log);
  }
}

function nextRecord(log: number, buffer: Buffer): string | undefined {
  for (;;)
    try {
      return buffer.toString("latin1", 0, readSync(log, buffer));
    } catch (failure) {
      // EPIPE: records were overwritten meanwhile, and reading goes on behind them. Anything else is the end.
      if ((failure as NodeJS.ErrnoException).code !== "EPIPE") return undefined;
    }
}
