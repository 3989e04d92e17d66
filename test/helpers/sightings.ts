import { readdirSync, readFileSync } from "node:fs";

/** A process of a run that leads a session: the first one of the run, or a daemon that has left it. */
export type Sighting = { pid: number; slot: string; run: number; isDaemon: boolean };

export type Sightings = {
  leaders: Sighting[];
  /** Everybody of every run. */
  members: { pid: number; slot: string; run: number }[];
  /** The runs whose keepers live, as `service.process.run`. */
  keepers: { pid: number; run: string }[];
};

/** Everything of an agent but itself, from one pass over /proc: by the marks of its runs, and the arguments of keepers. */
export function sightingsOf(agentId: string, runDir: string): Sightings {
  const found: Sightings = { leaders: [], members: [], keepers: [] };
  for (const name of readdirSync("/proc")) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    const words = read(`${pid}/cmdline`).split("\0");
    const at = words.indexOf("ostler-keeper");
    const prefix = at < 0 ? undefined : words[at + 1];
    if (prefix?.startsWith(`${runDir}/`)) {
      const run = prefix.slice(prefix.lastIndexOf("/") + 1);
      found.keepers.push({ pid, run });
      continue;
    }
    const mark = read(`${pid}/environ`)
      .split("\0")
      .find((entry) => entry.startsWith(`OSTLER_RUN=${agentId}/`));
    if (mark === undefined) continue;
    const [, service = "", process = "", run] = mark.split("/");
    const member = { pid, slot: `${service}/${process}`, run: Number(run) };
    const [state, , , session] = fieldsOf(pid);
    if (state === undefined || state === "Z" || state === "X") continue;
    found.members.push(member);
    if (Number(session) === pid) found.leaders.push({ ...member, isDaemon: words.includes("daemon") });
  }
  return found;
}

function fieldsOf(pid: number): string[] {
  const stat = read(`${pid}/stat`);
  return stat === "" ? [] : stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

/** A file below /proc; nothing of a process that has just ended. */
function read(path: string): string {
  try {
    return readFileSync(`/proc/${path}`, "latin1");
  } catch {
    return "";
  }
}
