import type { BackupDeed } from "@ostler/protocol";
import type { Publish } from "../../core/bus.js";
import type { Clock } from "../../core/clock.js";
import type { Progress } from "./engine.js";

/** How far something is, is told no more often. */
const everyMs = 1000;

/** An ear for how far something is, which tells it as events: at most one a second, and none that says the same. */
export function tellingProgress(
  about: { service: string; backup: string; doing: BackupDeed },
  { publish, clock }: { publish: Publish; clock: Clock },
): (progress: Progress) => void {
  let toldMs = clock.monotonic();
  let told = "";
  return ({ phase, bytes, totalBytes, files, totalFiles }) => {
    const nowMs = clock.monotonic();
    const share = totalBytes > 0 ? bytes / totalBytes : totalFiles > 0 ? files / totalFiles : 0;
    const percent = Math.min(100, Math.floor(share * 100));
    const news = `${phase} ${percent}`;
    if (news === told || nowMs - toldMs < everyMs) return;
    [told, toldMs] = [news, nowMs];
    publish({ type: "backup.progressed", data: { ...about, phase, percent, bytes, totalBytes, files, totalFiles } });
  };
}
