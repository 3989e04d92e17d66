const suffix = ":notified";

/** The check that a process has notified that it is ready; no configured check can have this name. */
export function notifiedCheck(process: string): string {
  return `${process}${suffix}`;
}

/** What a check still waits for. */
export function pendingInWords(check: string): string {
  if (check.endsWith(suffix)) return `process ${check.slice(0, -suffix.length)} has not notified that it is ready`;
  return `check ${check} has not passed yet`;
}
