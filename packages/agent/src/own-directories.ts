import { join } from "node:path";
import type { Config } from "./config/schema.js";
import type { OwnDirectory } from "./sources/backups/refuse-own.js";
import type { Store } from "./store.js";

type Places = Pick<Store, "runDir" | "spools" | "backupRecords" | "drills" | "restic">;

/** What a restore into place must never replace: where the agent keeps what it knows, does, and has backed up. */
export function ownDirectories({ agent, services }: Pick<Config, "agent" | "services">, store: Places): OwnDirectory[] {
  const { data_dir: dataDir, backups } = agent;
  const copies = Object.values(services).flatMap((service) =>
    service.backups.flatMap(({ copy_to: copy }) => (copy ? [copy.dir] : [])),
  );
  const alone = (path: string, what: string): OwnDirectory => ({ path, what, isOursAlone: true });
  const shared = (path: string, what: string): OwnDirectory => ({ path, what, isOursAlone: false });
  return [
    alone(backups.dir ?? join(dataDir, "backups"), "where backups are kept (agent.backups.dir)"),
    alone(store.backupRecords, "where it is written down what a restore has begun"),
    alone(store.drills, "where backups are proven"),
    alone(store.restic, "what is known of repositories of restic"),
    alone(store.spools, "where the output of services is kept"),
    alone(join(dataDir, "journal"), "the agent's journal"),
    shared(dataDir, "where the agent keeps what it knows (agent.data_dir)"),
    shared(store.runDir, "where the records of running processes are (agent.run_dir)"),
    ...[...new Set(copies)].map((dir) => shared(dir, "where copies of backups are kept (copy_to)")),
  ];
}
