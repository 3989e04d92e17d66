import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parseDocument } from "yaml";
import { agentConfig } from "./agent.js";
import { substitute } from "./substitute.js";

/**
 * The run directory that a configuration names, however wrong the rest of it may be: whoever has broken the file of a
 * running agent must still be able to reach that agent. Throws when the file cannot be read.
 */
export function runDirIn(file: string, env: NodeJS.ProcessEnv): string {
  const base = dirname(resolve(file));
  const document = parseDocument(readFileSync(file, "utf8"), { prettyErrors: false });
  const written = (key: "run_dir" | "data_dir"): string | undefined => {
    const value = document.getIn(["agent", key]);
    const filled = typeof value === "string" ? substitute(value, env, base) : { problem: "" };
    return "text" in filled ? filled.text : undefined;
  };
  const dataDir = env.OSTLER_DATA_DIR ?? written("data_dir") ?? agentConfig.parse({}).data_dir;
  return resolve(base, written("run_dir") ?? env.RUNTIME_DIRECTORY ?? dataDir);
}
