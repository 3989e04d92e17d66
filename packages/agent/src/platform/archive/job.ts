import { OstlerError } from "@ostler/protocol";
import type { ManifestHeader, Skipped } from "../../core/backup/manifest.js";
import type { RoomLimits } from "./room.js";
import type { LeftOut } from "./seen-from.js";

/** What the program for archives is asked to do: one of these, as JSON on its input. */
export type ArchiveJob = CreateJob | VerifyJob | ExtractJob | CopyJob | RemoveCopiesJob;

export type CreateJob = {
  do: "create";
  /** Where the files of the backup come to lie. */
  directory: string;
  id: string;
  /** Absolute; globs. */
  paths: string[];
  /** Globs on absolute paths. What is in a directory that is left out is left out, too. */
  exclude: string[];
  /** Left out as well, by their real paths. Where the backup comes to lie always is. */
  leftOut?: LeftOut;
  /** Absolute; globs. Each must match something, or there is no backup. */
  required: string[];
  compression: "auto" | "zstd" | "gzip" | "none";
  /** Of age. None: not encrypted. */
  recipients: string[];
  header: Pick<ManifestHeader, "service" | "name" | "mode" | "agent" | "configHash" | "note">;
  /** Looked at while it is written, too: others write there as well. None: as much as the disk takes. */
  limits?: RoomLimits;
  /** This part of what is read must be free where the archive comes to lie. */
  expectedRatio: number;
};

export type VerifyJob = {
  do: "verify";
  directory: string;
  id: string;
  /** A file with age's identity. */
  identity?: string;
};

export type ExtractJob = {
  do: "extract";
  directory: string;
  id: string;
  identity?: string;
  /** A directory that exists and is empty. */
  into: string;
  /** Globs on absolute paths. None: everything. */
  only?: string[];
};

export type CopyJob = {
  do: "copy";
  /** Where the backup is. */
  directory: string;
  id: string;
  /** Where its copy comes to lie; other hosts may have theirs there, too. */
  to: string;
  /** Refuse where that is on no disk of its own. */
  mustBeMount: boolean;
  /** Whose copies may be removed where they are not whole. */
  agentId: string;
};

export type RemoveCopiesJob = {
  do: "remove-copies";
  /** Where they are. */
  to: string;
  /** Each with the hash of its archive: another one of the same name stays. */
  copies: { id: string; sha256: string }[];
};

/** What the program tells, a line each: that its place is its own, any number of times how far it is, then once how it ended. */
export type ArchiveTold =
  | { is: "begun" }
  | ({ is: "progress" } & ArchiveProgress)
  | { is: "done"; result: ResultOf<ArchiveJob> }
  | { is: "failed"; code: ArchiveFailureCode; message: string };

export type ArchiveProgress = {
  phase: "walk" | "archive" | "check" | "extract" | "copy";
  bytes: number;
  totalBytes: number;
  files: number;
  totalFiles: number;
};

export type ArchiveFailureCode =
  /** Nothing matches something that must be there. */
  | "required-missing"
  | "no-space"
  /** All backups together have more than they may. */
  | "too-large"
  /** The archive is not what its manifest says. */
  | "damaged"
  /** The archive has an entry that is not to be extracted. */
  | "refused"
  | "no-program"
  | "failed";

export type CreateResult = {
  files: number;
  bytes: number;
  archiveBytes: number;
  changed: string[];
  vanished: string[];
  skipped: Skipped[];
  isEmpty: boolean;
};

export type VerifyResult = {
  files: number;
  bytes: number;
  /** `archive`: it is encrypted and there is no identity, so that only its own hash was compared. */
  scope: "content" | "archive";
};

export type ExtractResult = { files: number; bytes: number };

/** Of all its files. */
export type CopyResult = { bytes: number };

/** Which of them there were. */
export type RemoveCopiesResult = { removed: string[] };

type Results = {
  create: CreateResult;
  verify: VerifyResult;
  extract: ExtractResult;
  copy: CopyResult;
  "remove-copies": RemoveCopiesResult;
};
export type ResultOf<J extends ArchiveJob> = Results[J["do"]];

/** Is it done in a second directory, which may hang while everything else works? */
export function isOnSecondDisk(job: ArchiveJob): job is CopyJob | RemoveCopiesJob {
  return job.do === "copy" || job.do === "remove-copies";
}

/** A failure of a job, with its code in `data`. */
export function archiveFailure(code: ArchiveFailureCode, message: string, cause?: unknown): OstlerError {
  return new OstlerError("failed", message, { data: { code }, ...(cause === undefined ? {} : { cause }) });
}

/** The code of a failure; `failed` for whatever has none. */
export function archiveFailureCode(thrown: unknown): ArchiveFailureCode {
  const data = thrown instanceof OstlerError ? (thrown.data as { code?: ArchiveFailureCode } | undefined) : undefined;
  return data?.code ?? "failed";
}
