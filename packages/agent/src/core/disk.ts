/** A directory of files, as the journal and the cursors need it. The host's is in platform/disk.ts. */
export type Disk = {
  list(): Promise<DiskFile[]>;
  /** Up to `length` bytes from `position`; fewer at the end of the file. */
  read(name: string, position: number, length: number): Promise<Buffer>;
  /** Opens for appending and creates when absent. */
  open(name: string): Promise<AppendFile>;
  /** Writes a whole file so that a reader sees the old content or the new, also after a crash. */
  replace(name: string, text: string): Promise<void>;
  remove(name: string): Promise<void>;
};

export type DiskFile = { name: string; bytes: number; modifiedMs: number };

export type AppendFile = {
  /** Appends at the end of the file. */
  append(bytes: Uint8Array): Promise<void>;
  /** Resolves when everything appended survives a crash of the host. */
  sync(): Promise<void>;
  truncate(bytes: number): Promise<void>;
  close(): Promise<void>;
};
