import { statfs } from "node:fs/promises";
import { bytesInWords } from "@ostler/protocol";
import type { DiskCheck, Free } from "../../../config/checks/disk.js";
import { failed, passed, warned, type Probe, type Verdict } from "../verdict.js";
import { patiently } from "../../../core/patient.js";
import { mountOf } from "../../../platform/mounts.js";
import { whyOf } from "./words.js";

/** Space and inodes of a file system, as anybody but root can use them. `total` is without what is kept for root. */
export type Room = { free: number; total: number; inodesFree: number; inodes: number };

/** Looks at how much room a file system has. One that hangs fails when the time is over, and is asked no second time. */
export function diskProbe(check: DiskCheck): Probe {
  const { path } = check;
  return async (signal) => {
    try {
      return judgeRoom(check, await look(path, signal));
    } catch (failure) {
      return failed(`${path}: ${whyOf(failure)}`);
    }
  };
}

const look = patiently("checks", roomOf, mountOf);

/** What is to be said of a file system with this much room. */
export function judgeRoom(check: DiskCheck, room: Room): Verdict {
  const { path, free_at_least, warn_free_at_least, inodes_free_at_least } = check;
  const tooFull = lacks(free_at_least, room);
  if (tooFull !== undefined) return failed(`${path} ${tooFull}`);
  const { inodesFree, inodes } = room;
  const inodePercent = inodes === 0 ? 100 : (100 * inodesFree) / inodes; // Some file systems make them as needed.
  if (inodes_free_at_least !== undefined && inodePercent < inodes_free_at_least)
    return failed(`${path} has ${inWords(inodePercent)} of its inodes free, less than ${inodes_free_at_least}%`);
  const nearlyFull = lacks(warn_free_at_least, room);
  return nearlyFull === undefined ? passed : warned(`${path} ${nearlyFull}`);
}

function lacks(wanted: Free | undefined, { free, total }: Room): string | undefined {
  if (wanted === undefined) return undefined;
  const share = total === 0 ? 0 : (100 * free) / total;
  const isEnough = typeof wanted === "number" ? free >= wanted : share >= wanted.percent;
  const limit = typeof wanted === "number" ? bytesInWords(wanted) : `${wanted.percent}%`;
  return isEnough ? undefined : `has ${bytesInWords(free)} free (${inWords(share)}), less than ${limit}`;
}

/** Rounded down: what is just below a limit must not look as if it had reached it. */
function inWords(share: number): string {
  return `${Math.floor(share * 10) / 10}%`;
}

async function roomOf(path: string): Promise<Room> {
  const { bsize, blocks, bfree, bavail, files, ffree } = await statfs(path);
  return { free: bavail * bsize, total: (blocks - bfree + bavail) * bsize, inodesFree: ffree, inodes: files };
}
