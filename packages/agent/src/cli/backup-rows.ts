import { durationInWords, type BackupState, type ServiceState } from "@ostler/protocol";
import { paint } from "./output.js";

/** A line of `ostler status` for each set of backups: how it is, since when the last one is there, and what else is to be known. */
export function backupRows({ backups = {} }: Pick<ServiceState, "backups">, nowMs: number): string[][] {
  const ago = (time: string): string => durationInWords(nowMs - Date.parse(time));
  return Object.entries(backups).map(([name, its]) => {
    const { last, verified, proven, schedule = {}, failed = {}, damaged = {} } = its;
    const next = schedule.create?.next;
    const remarks = [
      ...(verified ? [`verified ${ago(verified.at)} ago`] : []),
      ...(proven ? [`proven to restore ${ago(proven.at)} ago`] : []),
      ...(next === undefined ? [] : [`next in ${durationInWords(Date.parse(next) - nowMs)}`]),
      ...Object.entries(failed).map(([doing, { reason }]) => `${doing} failed: ${reason}`),
      ...Object.keys(damaged).map((id) => `${id} is damaged`),
    ];
    return [
      `  ${name}`,
      standing(its),
      last ? ago(last.at) : "",
      ["backups", remarks.join("; ")].filter(Boolean).join(": "),
    ];
  });
}

function standing({ running, failed = {}, damaged = {}, last }: BackupState): string {
  if (running) return `${running.doing} ${running.percent} %`;
  if (Object.keys(damaged).length > 0) return paint("red", "damaged");
  if (Object.keys(failed).length > 0) return paint("red", "failed");
  if (!last) return paint("yellow", "missing");
  return last.flawed ? paint("yellow", "incomplete") : "backed up";
}
