import { loadConfigOrThrow } from "../config/load.js";
import { openStore } from "../store.js";
import { configFile, type Globals } from "./globals.js";
import { print, printJson, table } from "./output.js";

/** Makes the identity and the directories, or finds them as they are; doing it twice is doing it once. */
export async function init(globals: Globals): Promise<number> {
  const { config, file } = loadConfigOrThrow(configFile(globals), process.env);
  const { agentId, runDir, problems } = await openStore(config.agent);
  const made = { id: agentId, data_dir: config.agent.data_dir, run_dir: runDir, config: file };
  if (globals.json) printJson({ ...made, problems });
  else print(table(Object.entries(made)));
  for (const { part, reason } of problems) process.stderr.write(`${part}: ${reason}\n`);
  return problems.length === 0 ? 0 : 1;
}
