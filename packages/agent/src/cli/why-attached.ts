import type { Attached, Phase } from "@ostler/protocol";
import type { SettingPaths } from "./setting-paths.js";
import type { Said } from "./why-process.js";

/** Of a process with another owner nothing here decides: what could be done about it is the owner's. */
export function ofAttached(phase: Phase, { owner, name }: Attached, paths: SettingPaths): Said {
  const whose = owner === "systemd" ? `It belongs to systemd (${name})` : `It is attached by its pid file ${name}`;
  return { says: `${inWords(phase)}. ${whose}`, rule: paths.attach() };
}

function inWords(phase: Phase): string {
  switch (phase.name) {
    case "running":
      return `It runs, pid ${phase.pid}, since ${phase.since}`;
    case "stopping":
      return `It is being stopped, pid ${phase.pid}, since ${phase.since}`;
    case "stopped":
    case "deferred":
    case "scheduled":
      return "It is stopped";
    case "waiting":
      return `It waits for its owner to start it, because ${phase.because}`;
    case "completed":
      return "It ended well";
    case "gave-up":
      return `It is not restarted: ${phase.reason}`;
    case "exited":
      return "It has just ended";
    default:
      return phase satisfies never;
  }
}
