import { join } from "node:path";
import type { Config } from "./config/schema.js";
import type { OwnDirectory } from "./sources/backups/refuse-own.js";
import type { Store } from "./store.js";

type Places = Pick<Store, "runDir" | "spools" | "backupRecords" | "drills" | "restic">;

/**
 * What a restore into place must never replace: where the agent keeps what it knows, does, and has backed up. No backup has what is of
 * backups.
 */
export function ownDirectories({ agent, services }: Pick<Config, "agent" | "services">, store: Places): OwnDirectory[] {
  const { data_dir: dataDir, backups } = agent;
  const copies = Object.values(services).flatMap((service) =>
    service.backups.flatMap(({ copy_to: copy }) => (copy ? [copy.dir] : [])),
  );
  const repositories = Object.values(services).flatMap((service) =>
    service.backups.flatMap(({ restic }) => localPathOf(restic?.repository ?? "") ?? []),
  );
  const alone = (path: string, what: string): OwnDirectory => ({ path, what, isOursAlone: true, isOfBackups: false });
  const shared = (path: string, what: string): OwnDirectory => ({ ...alone(path, what), isOursAlone: false });
  const ofBackups = (one: OwnDirectory): OwnDirectory => ({ ...one, isOfBackups: true });
  return [
    ofBackups(alone(backups.dir ?? join(dataDir, "backups"), "where backups are kept (agent.backups.dir)")),
    alone(store.backupRecords, "where it is written down what a restore has begun"),
    ofBackups(alone(store.drills, "where backups are proven")),
    ofBackups(alone(store.restic, "what is known of repositories of restic")),
    ...[...new Set(repositories)].map((dir) => ofBackups(alone(dir, "a repository of backups (restic.repository)"))),
    alone(store.spools, "where the output of services is kept"),
    alone(join(dataDir, "journal"), "the agent's journal"),
    shared(dataDir, "where the agent keeps what it knows (agent.data_dir)"),
    shared(store.runDir, "where the records of running processes are (agent.run_dir)"),
    ...[...new Set(copies)].map((dir) => ofBackups(shared(dir, "where copies of backups are kept (copy_to)"))),
  ];
}

/** Of a repository on this host; nothing for another. */
function localPathOf(repository: string): string | undefined {
  return /^(?:local:)?(\/.*)$/.exec(repository)?.[1];
}
