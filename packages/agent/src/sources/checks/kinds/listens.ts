import type { ProcessConfig } from "../../../config/processes.js";
import { holders, listeningInodes, type Listening } from "../../../platform/sockets.js";
import { failed, passed, worst, type Probe, type Verdict } from "../verdict.js";

/**
 * Passes when every declared socket listens and belongs to the process or one of its descendants. An open port alone can
 * be somebody else's.
 */
export function listensProbe(listens: ProcessConfig["listens"], pidsOf: () => number[]): Probe {
  return async () => {
    const pids = pidsOf();
    return worst(listens.map((listening) => judge(listening, pids)));
  };
}

function judge(listening: Listening, pids: readonly number[]): Verdict {
  const [first] = pids;
  if (first === undefined) return failed("the process does not run");
  const inodes = listeningInodes(first, listening);
  if (inodes.size === 0) return failed(`nothing listens on ${inWords(listening)}`);
  const { held, unreadable } = holders(pids, inodes);
  if (held) return passed;
  const doubt = unreadable ? "; some of its processes belong to another user and could not be looked into" : "";
  return failed(`another process listens on ${inWords(listening)}${doubt}`);
}

function inWords(listening: Listening): string {
  return listening.protocol === "unix" ? listening.path : `${listening.protocol} port ${listening.port}`;
}
