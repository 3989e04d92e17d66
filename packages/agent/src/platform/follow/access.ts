import { readFileSync, readlinkSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { inItsTurn } from "../../core/patient.js";
import { mountsIn, mountsPath } from "../mounts.js";

/** How the files of a place are asked for anything. */
export type Access = {
  ask: <T>(call: () => Promise<T>) => Promise<T>;
  /** On another host: it may hang, and changes that others make are not notified. */
  isRemote: boolean;
};

const remoteTypes = /^(nfs|cifs|smb|9p|ceph|afs|lustre|glusterfs|virtiofs|fuse($|\.))/;

/**
 * What is on this host is asked at once. What is on another is asked in turn, so that one that hangs takes no more of Node's
 * threads than is left for that; a link there is followed once.
 */
export function accessTo(path: string, table = mountsPath): Access {
  const mount = mountAbove(path, table) ?? mountAbove(targetOf(path), table);
  if (!mount) return { ask: (call) => call(), isRemote: false };
  return { ask: (call) => inItsTurn("follows", mount, call), isRemote: true };
}

/** The remote file system that a path lies on, without asking it. */
function mountAbove(path: string, table: string): string | undefined {
  const above = mountsIn(readFileSync(table, "utf8")).filter(
    ({ mountpoint }) => mountpoint === "/" || `${path}/`.startsWith(`${mountpoint}/`),
  );
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
