import type { BackupFlaws, ListedBackup } from "@ostler/protocol";

/** How far something is. */
export type Progress = { phase: string; bytes: number; totalBytes: number; files: number; totalFiles: number };

/** What whoever waits hands on: a way to withdraw, and an ear for how far it is. */
export type Doing = { signal: AbortSignal; progress: (progress: Progress) => void };

export type Made = {
  id: string;
  files: number;
  bytes: number;
  storedBytes: number;
  flaws: BackupFlaws;
  /** Something that was to be in it is not, or not as it was at any one time. */
  isPartial: boolean;
};

/** Where not all of a repository was read, `part` says which of it. */
export type Verified = { files: number; bytes: number; isWhole: boolean; part?: string };

/** What is known of a backup by looking at it, without what events tell. */
export type FoundBackup = Omit<ListedBackup, "verifiedAt" | "provenAt">;

/** What stores the backups of one set. Everything throws OstlerError that says what failed, on what, and what to do. */
export type Engine = {
  readonly kind: "archive" | "restic";
  /** Makes a backup. `note` says what it is for, where it is none like others. */
  create: (note: string | undefined, doing: Doing) => Promise<Made>;
  /** Copies one into the set's second directory, where there is one. Gives how large it is. */
  copy?: (id: string, doing: Doing) => Promise<{ to: string; bytes: number }>;
  /** What has no copy yet and should have, newest first; nothing where that cannot be told. */
  uncopied?: (signal: AbortSignal) => Promise<string[]>;
  /** Removes copies of backups that are here no more: those that are chosen. */
  removeStrays?: (chosen: (strays: readonly FoundBackup[]) => readonly string[], doing: Doing) => Promise<void>;
  /** Newest first; one that is broken has a problem. */
  list: (signal: AbortSignal) => Promise<{ backups: FoundBackup[]; problems: string[] }>;
  /** Reads one back. @throws OstlerError with the code `damaged` in its data where it is not what it was */
  verify: (id: string, doing: Doing) => Promise<Verified>;
  /** The absolute paths that are restored as wholes: what was backed up, or the uppermost of what matches `only`. */
  rootsOf: (id: string, only: readonly string[] | undefined, signal: AbortSignal) => Promise<string[]>;
  /** Restores into an empty directory, under which paths are as they are under `/`. What matches `only`, or all. */
  extract: (
    id: string,
    into: string,
    only: readonly string[] | undefined,
    doing: Doing,
  ) => Promise<{ files: number; bytes: number }>;
  /** Gives how many bytes are free by that. */
  remove: (ids: readonly string[], doing: Doing) => Promise<number>;
  /** Removes what a killed agent has left, but not of copies, which is done by the next one; says what that was. */
  clean: (signal: AbortSignal) => Promise<string[]>;
};
