import { durationInWords } from "@ostler/protocol";
import type { Attached, Phase } from "@ostler/protocol";
import type { SettingPaths } from "./setting-paths.js";
import type { Answer } from "./why-process.js";

/** How a process is that has another owner: nothing here decides what comes next, and what could be done about it is the owner's. */
export function ofAttached(
  process: string,
  phase: Phase,
  { owner, name }: Attached,
  { nowMs, paths }: { nowMs: number; paths: SettingPaths },
): Omit<Answer, "about"> {
  const whose = owner === "systemd" ? `it belongs to systemd (${name})` : `it is attached by its pid file ${name}`;
  const rule = paths.process(process, "attach");
  const says = (what: string): Omit<Answer, "about"> => ({ says: `${what}; ${whose}`, rule });
  switch (phase.name) {
    case "running":
      return says(`It runs, pid ${phase.pid}, since ${phase.since}`);
    case "waiting": {
      const inMs = Math.max(0, Date.parse(phase.until) - nowMs);
      const what = `It waits for its owner to start it again, at ${phase.until}, in ${durationInWords(inMs)}, because ${phase.because}`;
      return { ...says(what), next: { at: phase.until, inMs, attempt: phase.attempt } };
    }
    case "gave-up":
      return says(`It does not run, and its owner does nothing about it: ${phase.reason}`);
    case "completed":
      return says("It ended well by itself, or is active without a process");
    case "exited":
      return says("It has ended, and its owner has not decided yet");
    default:
      return says(`It is ${phase.name}`);
  }
}
