import {
  closeSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  watch,
  writeSync,
  type FSWatcher,
} from "node:fs";
import { join } from "node:path";
import type { Slot } from "./records.js";

/** Room for a line, taken before the disk can be full. It holds no newline. */
const roomBytes = 256;

/** A file that is longer is emptied, and a program that has written so much without a newline is looked at only now and then. */
const maxBytes = 64 * 1024;

/**
 * Whether one run has notified that it is ready, by the protocol of s6: it writes a line to a descriptor, and may close it.
 * The descriptor is a file, which outlives every agent and never ends a writer by SIGPIPE. It lies in a directory of its
 * own and is watched by itself, only until there is a line in it: a program that goes on writing would otherwise wake the
 * agent each time.
 */
export class Notification implements Disposable {
  readonly run: number;
  /** Where it notifies. */
  readonly file: string;
  readonly #noticed: () => void;
  #watcher: FSWatcher | undefined;
  #at = 0;
  #hasLine = false;
  #taken = false;

  /** Makes the file of a run that is about to begin, and forgets those before. Throws when it cannot be made. */
  static expect(records: string, slot: Slot, run: number, noticed: () => void): Notification {
    mkdirSync(directoryIn(records), { recursive: true, mode: 0o700 });
    forgetNotifications(records, slot, run);
    const notification = new Notification(records, slot, run, noticed);
    makeRoom(notification.file);
    notification.#watch();
    return notification;
  }

  /** Goes on with a run that an agent before this one has started; `taken`: that one had heard of it already. */
  static resume(records: string, slot: Slot, run: number, taken: boolean, noticed: () => void): Notification {
    const notification = new Notification(records, slot, run, noticed);
    notification.#hasLine = notification.#taken = taken;
    if (!taken) notification.#watch();
    notification.look(); // Not before it is watched: what comes in between is seen by one of the two.
    return notification;
  }

  private constructor(records: string, { service, process }: Slot, run: number, noticed: () => void) {
    this.run = run;
    this.file = join(directoryIn(records), `${service}.${process}.${run}`);
    this.#noticed = noticed;
  }

  /** True once, when the run has notified. */
  take(): boolean {
    const isNew = this.#hasLine && !this.#taken;
    this.#taken ||= isNew;
    return isNew;
  }

  /** Finds a line that no watch told of, and keeps the file short. Called about once a second. */
  look(): void {
    let file: number | undefined;
    try {
      file = openSync(this.file, "r+");
      const { size } = fstatSync(file);
      if (!this.#hasLine) this.#read(file, size);
      if (size > maxBytes) this.#empty(file);
    } catch {
      return; // A run that was started without one has no file; a directory that cannot be read is told by its own watch.
    } finally {
      if (file !== undefined) closeSync(file);
    }
    if (!this.#hasLine) return;
    this[Symbol.dispose]();
    if (!this.#taken) this.#noticed();
  }

  [Symbol.dispose](): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  #read(file: number, size: number): void {
    const bytes = Buffer.alloc(Math.max(0, Math.min(size - this.#at, maxBytes)));
    const read = readSync(file, bytes, 0, bytes.length, this.#at);
    this.#at += read;
    this.#hasLine = bytes.subarray(0, read).includes(0x0a);
  }

  #empty(file: number): void {
    ftruncateSync(file, 0);
    this.#at = 0;
    this[Symbol.dispose]();
  }

  /** Where it cannot be watched it is looked at. */
  #watch(): void {
    try {
      this.#watcher = watch(this.file, { persistent: false }, () => this.look());
      this.#watcher.on("error", () => this[Symbol.dispose]());
    } catch {
      return;
    }
  }
}

/** Forgets what runs before `run` had to say; of all runs when it is absent. */
export function forgetNotifications(records: string, slot: Slot, run = Infinity): void {
  for (const name of namesIn(directoryIn(records))) {
    const [service, process, number] = name.split(".");
    if (service === slot.service && process === slot.process && Number(number) < run)
      rmSync(join(directoryIn(records), name), { force: true });
  }
}

function directoryIn(records: string): string {
  return join(records, "notify");
}

/** None when nobody was ever waited for. */
function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw failure;
  }
}

function makeRoom(path: string): void {
  const file = openSync(path, "w", 0o600);
  try {
    writeSync(file, Buffer.alloc(roomBytes, " "));
  } catch {
    return; // A full disk. There may be room when the program has come so far.
  } finally {
    closeSync(file);
  }
}
