import { existsSync } from "node:fs";
import { OstlerError } from "@ostler/protocol";
import { loadConfig } from "../config/load.js";
import { openRunDir } from "../platform/run-dir.js";
import { socketPathIn } from "../sinks/http/http.js";

/** Options that every command takes. */
export type Globals = { config?: string; socket?: string; json?: boolean };

const systemConfig = "/etc/ostler/ostler.yaml";
const localConfig = "./ostler.yaml";
const systemSocket = "/run/ostler/ostler.sock";

/** The configuration file. @throws OstlerError `config-invalid` when there is none */
export function configFile({ config }: Globals): string {
  const named = config ?? process.env.OSTLER_CONFIG;
  if (named !== undefined && named !== "") return named;
  const found = [systemConfig, localConfig].find(existsSync);
  if (found) return found;
  throw new OstlerError(
    "config-invalid",
    `There is no configuration: neither ${systemConfig} nor ${localConfig} exists. Name one with --config.`,
  );
}

/** Where the running agent can be reached: as told, at the usual place, or where the configuration puts it. */
export function controlSocket(globals: Globals): string {
  if (globals.socket !== undefined) return globals.socket;
  const named = globals.config ?? process.env.OSTLER_CONFIG;
  if (named === undefined && existsSync(systemSocket)) return systemSocket;
  const loaded = loadConfig(configFile(globals), process.env);
  if ("problems" in loaded)
    throw new OstlerError(
      "unreachable",
      "The configuration has problems, so it cannot tell where the agent is. Name its socket with --socket.",
    );
  return socketPathIn(openRunDir(loaded.config.agent.run_dir).path);
}
