import { existsSync } from "node:fs";
import { messageOf, OstlerError } from "@ostler/protocol";
import { runDirIn } from "../config/run-dir.js";
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
  return socketPathIn(openRunDir(runDir(configFile(globals))).path);
}

/** @throws OstlerError `config-invalid` */
function runDir(file: string): string {
  try {
    return runDirIn(file, process.env);
  } catch (cause) {
    const advice = "Name the right one with --config, or the agent's socket with --socket.";
    throw new OstlerError("config-invalid", `${file} cannot be read: ${messageOf(cause)}. ${advice}`, { cause });
  }
}
