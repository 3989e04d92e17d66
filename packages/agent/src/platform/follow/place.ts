/** Where a line begins, as bytes of one content of a file. A dedupe key: the same line has the same place after a restart. */
export type Place = { generation: number; offset: number };

/** A few bytes of a file, by which its content is known again whatever it is called by then. */
export type Print = { bytes: number; sha256: string };

/** Where reading goes on in one file. Plain JSON. */
export type FilePosition = Place & {
  device: number;
  inode: number;
  /** When the file was made, where the file system knows; 0 elsewhere. */
  bornMs: number;
  /** The first bytes of the file, of what was read. */
  fingerprint: Print;
  /** The bytes just before the offset: a file that was emptied and has grown past it has others there. */
  before: Print;
  /** When the file was last seen to change: what came after it is newer. */
  modifiedMs: number;
  /** The line at the offset was clipped; the rest of it is still to be skipped. */
  skipping?: true;
};

/** What must be kept to go on after a restart. `late`: rotated files that somebody may still write to, until a wall-clock time. */
export type Position = FilePosition & { late?: (FilePosition & { untilMs: number })[] };

export type Block = {
  /** Whole lines, each ending in `\n`; valid only until `take` is done. */
  bytes: Uint8Array;
  /** Of its first byte. */
  place: Place;
  /** Its one line was longer than the limit: this is its beginning, the rest of it is skipped. */
  clipped: boolean;
  /** After this block. */
  position: Position;
};

/**
 * Lines that are lost, or may be. `rotated-away`: the file of the position is nowhere any more; `truncated`: it was emptied in
 * place, and nobody has copied it; `freed`: its beginning was given back to the file system; `replaced`: another content is in
 * its place. Without `bytes` nobody can know how many there were.
 */
export type Gap = { reason: "rotated-away" | "truncated" | "freed" | "replaced"; bytes?: number; from: Place };

/** The position of a file of which nothing was there until a moment of the wall clock: all that came after it is to be read. */
export function nothingSince(ms: number): Position {
  const none: Print = { bytes: 0, sha256: "" };
  return {
    device: -1,
    inode: -1,
    bornMs: 0,
    fingerprint: none,
    before: none,
    generation: 1,
    offset: 0,
    modifiedMs: ms,
  };
}

/** Is it a position before anything? */
export function isNothing({ inode }: FilePosition): boolean {
  return inode === -1;
}
