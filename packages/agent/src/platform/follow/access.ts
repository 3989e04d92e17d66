import { readFileSync, readlinkSync, type Stats } from "node:fs";
import { stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { inItsTurn } from "../../core/patient.js";
import { mountsIn, mountsPath, type Mount } from "../mounts.js";

/** How the files of a place are asked for anything. */
export type Access = {
  ask: <T>(call: () => Promise<T>) => Promise<T>;
  /** What is at a path, if anything. */
  look: (path: string) => Promise<Stats | undefined>;
  /** On another host: it may hang, and changes that others make are not notified. */
  isRemote: boolean;
};

export type AccessOf = (path: string) => Access;

const here: Access = { ask: (call) => call(), look: (path) => stat(path).catch(nothingThere), isRemote: false };

const remoteTypes = /^(nfs|cifs|smb|9p|ceph|afs|lustre|glusterfs|virtiofs|fuse($|\.))/;

/**
 * What is on this host is asked at once. What is on another is asked in turn, so that one that hangs takes no more of Node's
 * threads than is left for that; a link there is followed once.
 */
export function accessTo(path: string, table = mountsPath): Access {
  return accesses(table)(path);
}

/** As `accessTo`, of many paths: what is mounted is read once. */
export function accesses(table = mountsPath): AccessOf {
  const mounts = mountsIn(readFileSync(table, "utf8"));
  return (path) => {
    const mount = mountAbove(path, mounts) ?? mountAbove(targetOf(path), mounts);
    if (!mount) return here;
    const ask: Access["ask"] = (call) => inItsTurn("follows", mount, call);
    return { ask, look: (its) => ask(() => stat(its)).catch(nothingThere), isRemote: true };
  };
}

/** The remote file system that a path lies on, without asking it. */
function mountAbove(path: string, mounts: readonly Mount[]): string | undefined {
  const above = mounts.filter(({ mountpoint }) => mountpoint === "/" || `${path}/`.startsWith(`${mountpoint}/`));
  const nearest = above.reduce((best, one) => (one.mountpoint.length >= best.mountpoint.length ? one : best), {
    mountpoint: "",
    fstype: "",
  });
  return remoteTypes.test(nearest.fstype) ? nearest.mountpoint : undefined;
}

function targetOf(path: string): string {
  try {
    return resolve(dirname(path), readlinkSync(path));
  } catch {
    return path; // It is no link, or not there (yet).
  }
}

function nothingThere(failure: unknown): undefined {
  const { code } = failure as NodeJS.ErrnoException;
  if (code !== "ENOENT" && code !== "ENOTDIR") throw failure;
}
