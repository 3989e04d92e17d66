import type { AppendFile, Disk } from "../core/disk.js";

export type DiskCall = "list" | "read" | "open" | "replace" | "remove" | "append" | "sync" | "truncate" | "close";

/** A disk that fails or waits where a test tells it to; everything else goes to the disk behind it. */
export class FaultyDisk implements Disk {
  /** These fail, as on a full disk. */
  readonly failing = new Set<DiskCall>();
  /** What an append that fails has written nonetheless, in bytes. */
  tornBytes = 0;
  /** Every call so far, as `call name`. */
  readonly calls: string[] = [];
  readonly #disk: Disk;
  readonly #held = new Map<DiskCall, { reached: () => void; released: Promise<void> }>();

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  /** Lets the next call of this kind wait. `reached` ends when somebody waits there. */
  hold(call: DiskCall): { reached: Promise<void>; release: () => void } {
    let release = (): void => {};
    let reach = (): void => {};
    const released = new Promise<void>((resolve) => (release = resolve));
    const reached = new Promise<void>((resolve) => (reach = resolve));
    this.#held.set(call, { reached: reach, released });
    return { reached, release };
  }

  async list(): ReturnType<Disk["list"]> {
    await this.#enter("list");
    return this.#disk.list();
  }

  async read(name: string, position: number, length: number): Promise<Buffer> {
    await this.#enter("read", name);
    return this.#disk.read(name, position, length);
  }

  async open(name: string): Promise<AppendFile> {
    await this.#enter("open", name);
    const file = await this.#disk.open(name);
    return {
      append: async (bytes) => {
        if (this.failing.has("append")) await file.append(bytes.subarray(0, this.tornBytes));
        await this.#enter("append", name);
        await file.append(bytes);
      },
      sync: async () => {
        await this.#enter("sync", name);
        await file.sync();
      },
      truncate: async (bytes) => {
        await this.#enter("truncate", name);
        await file.truncate(bytes);
      },
      close: async () => {
        this.calls.push(`close ${name}`);
        await file.close();
      },
    };
  }

  async replace(name: string, text: string): Promise<void> {
    await this.#enter("replace", name);
    await this.#disk.replace(name, text);
  }

  async remove(name: string): Promise<void> {
    await this.#enter("remove", name);
    await this.#disk.remove(name);
  }

  async #enter(call: DiskCall, name = ""): Promise<void> {
    this.calls.push(`${call} ${name}`.trim());
    const held = this.#held.get(call);
    this.#held.delete(call);
    held?.reached();
    await held?.released;
    if (this.failing.has(call))
      throw Object.assign(new Error(`ENOSPC: no space left on device, ${call}`), { code: "ENOSPC" });
  }
}
