import { join } from "node:path";
import { messageOf } from "@ostler/protocol";
import type { Config } from "./config/schema.js";
import type { Disk } from "./core/disk.js";
import { memoryDisk } from "./core/memory-disk.js";
import { agentIdIn, derivedAgentId } from "./platform/agent-id.js";
import { openDisk } from "./platform/disk.js";
import { openRunDir } from "./platform/run-dir.js";

/** Where the agent keeps what it must not forget, and what is wrong with these places. */
export type Store = {
  agentId: string;
  runDir: string;
  spools: string;
  /** When what is in the spools was written. */
  outputTimes: string;
  /** What has to be undone or gone on with if the agent is killed while it does something with backups. */
  backupRecords: string;
  /** Where backups are restored to be proven. */
  drills: string;
  /** What restic keeps of repositories, and how far they have been verified. */
  restic: string;
  /** Path of what dossiers compare with. */
  settledRuns: string;
  journal: Disk;
  cursors: Disk;
  /** How far the lines of services have been looked at. */
  checkpoints: Disk;
  problems: { part: string; reason: string }[];
};

/**
 * Opens the agent's places. A data directory that cannot be written costs the memory of the agent, not the supervision of
 * the services. @throws OstlerError `failed` when there is not even a place for the records of running processes
 */
export async function openStore({ data_dir: dataDir, run_dir: wantedRunDir }: Config["agent"]): Promise<Store> {
  const problems: Store["problems"] = [];
  const runDir = openRunDir(wantedRunDir);
  if (runDir.problem !== undefined) problems.push({ part: "run_dir", reason: runDir.problem });
  const orMemory = (part: string, directory: string): Disk => {
    try {
      return openDisk(directory);
    } catch (failure) {
      problems.push({ part, reason: `${messageOf(failure)} It is kept in memory and lost with the agent.` });
      return memoryDisk();
    }
  };
  const journal = orMemory("journal", join(dataDir, "journal"));
  const cursors = orMemory("cursors", join(dataDir, "cursors"));
  const checkpoints = orMemory("log checkpoints", join(dataDir, "log-checkpoints"));
  const agentId = await agentIdIn(dataDir).catch((failure: unknown) => {
    problems.push({ part: "identity", reason: `cannot be stored: ${messageOf(failure)}` });
    return derivedAgentId(dataDir);
  });
  return {
    agentId,
    runDir: runDir.path,
    spools: join(dataDir, "output"),
    backupRecords: join(dataDir, "backup-records"),
    restic: join(dataDir, "restic"),
    drills: join(dataDir, "drills"),
    outputTimes: join(dataDir, "output-times"),
    settledRuns: join(dataDir, "settled-runs.json"),
    journal,
    cursors,
    checkpoints,
    problems,
  };
}
