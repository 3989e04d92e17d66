import { readFileSync } from "node:fs";
import { statfs } from "node:fs/promises";
import type { Family, Labels } from "@ostler/protocol";
import { patiently } from "../../../core/patient.js";
import { mountsIn, mountsPath, type Mount } from "../../../platform/mounts.js";
import { gauge } from "../family.js";

/** More file systems than these are not shown. */
const maxFileSystems = 64;
/** One that has not answered by then is stuck: it is shown as such, and not asked again before it has. */
const answerMs = 2000;
/** What has no space of its own. */
const pseudo =
  /^(autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|efivarfs|fusectl|hugetlbfs|mqueue|nsfs|proc|pstore|ramfs|securityfs|squashfs|sysfs|tracefs)$/;

type Room = { size: number; free: number; available: number; files: number; filesFree: number };

/** Space and inodes of every file system that is mounted. One that hangs holds up nothing. */
export function fileSystemFigures(path = mountsPath): (signal: AbortSignal) => Promise<Family[]> {
  return async (signal) => {
    const mounts = shownMounts(readFileSync(path, "utf8")).slice(0, maxFileSystems);
    const rooms = await Promise.all(mounts.map(async (mount) => ({ mount, room: await answerOf(mount, signal) })));
    return familiesOf(rooms.filter(isShown));
  };
}

type Looked = { mount: Mount; room: Room | "stuck" };

function familiesOf(rooms: readonly Looked[]): Family[] {
  const of = (value: (room: Room) => number): [Labels, number | undefined][] =>
    rooms.map(({ mount, room }) => [labelsOf(mount), room === "stuck" ? undefined : value(room)]);
  // What is kept for root is nobody's: full is when nothing is available.
  const used = ({ size, free, available }: Room): number => (size - free) / (size - free + available);
  return [
    gauge(
      "filesystem_size_bytes",
      "Size of the file system",
      of(({ size }) => size),
    ),
    gauge(
      "filesystem_free_bytes",
      "Space that is free",
      of(({ free }) => free),
    ),
    gauge(
      "filesystem_available_bytes",
      "Space that anybody but root can use",
      of(({ available }) => available),
    ),
    gauge("filesystem_used_ratio", "Share of the space for anybody but root that is used", of(used)),
    gauge(
      "filesystem_files",
      "Inodes of the file system",
      of(({ files }) => files),
    ),
    gauge(
      "filesystem_files_free",
      "Inodes that are free",
      of(({ filesFree }) => filesFree),
    ),
    gauge(
      "filesystem_readonly",
      "1 when it is mounted read-only, else 0",
      rooms.map(({ mount }) => [labelsOf(mount), Number(mount.isReadOnly)]),
    ),
    gauge(
      "filesystem_stuck",
      "1 while it does not answer, else 0",
      rooms.map(({ mount, room }) => [labelsOf(mount), Number(room === "stuck")]),
    ),
  ];
}

/** What is mounted, each place once: the last mount there is the one that is seen. */
export function shownMounts(text: string): Mount[] {
  const mounts = mountsIn(text).filter(({ fstype }) => !pseudo.test(fstype));
  return [...new Map(mounts.map((mount) => [mount.mountpoint, mount])).values()];
}

function labelsOf({ mountpoint, device, fstype }: Mount): Labels {
  return { mountpoint, device, fstype };
}

/** Nothing of one that may not be looked at. */
async function answerOf({ mountpoint }: Mount, signal: AbortSignal): Promise<Room | "stuck" | undefined> {
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(answerMs)]);
  try {
    return await look(mountpoint, deadline);
  } catch {
    return deadline.aborted ? "stuck" : undefined;
  }
}

const look = patiently("figures", roomOf, (mountpoint) => mountpoint);

function isShown(looked: { mount: Mount; room: Room | "stuck" | undefined }): looked is Looked {
  const { room } = looked;
  return room === "stuck" || (room !== undefined && room.size > 0);
}

async function roomOf(mountpoint: string): Promise<Room> {
  const { bsize, blocks, bfree, bavail, files, ffree } = await statfs(mountpoint);
  return { size: blocks * bsize, free: bfree * bsize, available: bavail * bsize, files, filesFree: ffree };
}
