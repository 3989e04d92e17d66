import { readdirSync, readlinkSync } from "node:fs";
import { readProc } from "./proc.js";

/** A listening socket as the configuration names it. */
export type Listening = { protocol: "tcp" | "udp"; port: number } | { protocol: "unix"; path: string };

const tcpListen = "0A";
const udpUnconnected = "07";

/** Inodes of the sockets that listen there, in the network namespace of process `pid`. */
export function listeningInodes(pid: number, listening: Listening): Set<string> {
  if (listening.protocol === "unix") return unixInodes(pid, listening.path);
  const { protocol, port } = listening;
  const wanted = port.toString(16).toUpperCase().padStart(4, "0");
  const state = protocol === "tcp" ? tcpListen : udpUnconnected;
  const inodes = new Set<string>();
  for (const table of [protocol, `${protocol}6`]) {
    for (const line of (readProc(`${pid}/net/${table}`) ?? "").split("\n").slice(1)) {
      const [, local, , status, , , , , , inode] = line.trim().split(/\s+/);
      if (inode && status === state && local?.endsWith(`:${wanted}`)) inodes.add(inode);
    }
  }
  return inodes;
}

/** Does any of the processes hold one of these sockets open? `unreadable` tells that one of them could not be looked into. */
export function holders(pids: readonly number[], inodes: ReadonlySet<string>): { held: boolean; unreadable: boolean } {
  let unreadable = false;
  for (const pid of pids) {
    const inodesOfPid = socketInodes(pid);
    if (!inodesOfPid) unreadable = true;
    else if (inodesOfPid.some((inode) => inodes.has(inode))) return { held: true, unreadable };
  }
  return { held: false, unreadable };
}

function unixInodes(pid: number, path: string): Set<string> {
  const accepting = "00010000";
  const lines = (readProc(`${pid}/net/unix`) ?? "").split("\n").slice(1);
  return new Set(
    lines.flatMap((line) => {
      const [, flags, inode, name] = /^(?:\S+ ){3}(\S+) \S+ \S+ +(\d+) (.*)$/.exec(line) ?? []; // A path may contain spaces.
      return inode && name === path && flags === accepting ? [inode] : [];
    }),
  );
}

function socketInodes(pid: number): string[] | undefined {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => socketInode(`/proc/${pid}/fd/${fd}`) ?? []);
  } catch {
    return undefined;
  }
}

function socketInode(link: string): string | undefined {
  try {
    return /^socket:\[(\d+)\]$/.exec(readlinkSync(link))?.[1];
  } catch {
    return undefined; // Closed since the directory was read.
  }
}
