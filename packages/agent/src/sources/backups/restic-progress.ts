import { messageIn, type ResticSummary } from "../../platform/restic/messages.js";
import type { Progress } from "./engine.js";

/** Hears what `backup --json` and `restore --json` say: how far they are, and at last what they did. */
export function summarising(
  phase: string,
  progress: (progress: Progress) => void,
): { hear: (line: string) => void; summary: () => ResticSummary | undefined } {
  let summary: ResticSummary | undefined;
  const hear = (line: string): void => {
    const message = messageIn(line);
    if (message?.message_type === "summary") summary = message;
    if (message?.message_type !== "status") return;
    const { total_bytes: totalBytes, total_files: totalFiles, ...done } = message;
    const [bytes, files] = [done.bytes_done + done.bytes_restored, done.files_done + done.files_restored];
    progress({ phase, bytes, totalBytes, files, totalFiles });
  };
  return { hear, summary: () => summary };
}

/** Hears how many packs `check` has read. */
export function checking(progress: (progress: Progress) => void): (line: string) => void {
  return (line) => {
    const [, files, totalFiles] = /(\d+) \/ (\d+) packs$/.exec(line) ?? [];
    if (files === undefined) return;
    progress({ phase: "check", bytes: 0, totalBytes: 0, files: Number(files), totalFiles: Number(totalFiles) });
  };
}
