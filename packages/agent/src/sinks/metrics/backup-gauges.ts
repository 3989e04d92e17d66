import type { BackupState, HostState } from "@ostler/protocol";
import type { Instruments } from "./catalogue.js";

/** Sets every gauge about backups; ages are those at `nowMs`, so this is read for each scrape. */
export function readBackups(state: HostState, nowMs: number, its: Instruments): void {
  for (const gauge of [
    its.backupAge,
    its.backupFiles,
    its.backupBytes,
    its.backupStored,
    its.backupSeconds,
    its.backupFlawed,
    its.backupDamaged,
    its.backupVerifiedAge,
    its.backupProvenAge,
    its.backupFailed,
    its.backupRunning,
  ])
    gauge.reset();
  for (const [service, { backups = {} }] of Object.entries(state.services))
    for (const [backup, set] of Object.entries(backups)) readSet({ service, backup }, set, nowMs, its);
}

function readSet(
  labels: { service: string; backup: string },
  { last, verified, proven, failed = {}, damaged = {}, running }: BackupState,
  nowMs: number,
  its: Instruments,
): void {
  const age = (at: string): number => Math.max(0, (nowMs - Date.parse(at)) / 1000);
  if (last) {
    its.backupAge.set(labels, age(last.at));
    its.backupFiles.set(labels, last.files);
    its.backupBytes.set(labels, last.bytes);
    its.backupStored.set(labels, last.storedBytes);
    its.backupSeconds.set(labels, last.tookMs / 1000);
    its.backupFlawed.set(labels, Number(last.flawed));
  }
  its.backupDamaged.set(labels, Object.keys(damaged).length);
  if (verified) its.backupVerifiedAge.set(labels, age(verified.at));
  if (proven) its.backupProvenAge.set(labels, age(proven.at));
  for (const doing of Object.keys(failed)) its.backupFailed.set({ ...labels, doing }, 1);
  if (running) its.backupRunning.set({ ...labels, doing: running.doing }, running.percent / 100);
}
