import { loadConfig, type Loaded } from "../config/load.js";
import { formatProblem } from "../config/problems.js";
import { preflightAll } from "../preflight.js";
import { configFile, type Globals } from "./globals.js";
import { paint, print, printJson } from "./output.js";

/** Every problem at once; exit code 3 when there is one. */
export async function validate(globals: Globals & { preflight?: boolean }): Promise<number> {
  const file = configFile(globals);
  const loaded = loadConfig(file, process.env);
  if ("problems" in loaded) {
    if (globals.json) printJson({ file, valid: false, problems: loaded.problems });
    else for (const problem of loaded.problems) print(formatProblem(problem));
    return 3;
  }
  const findings = globals.preflight ? await preflightAll(loaded) : [];
  if (globals.json)
    printJson({
      file: loaded.file,
      valid: findings.length === 0,
      problems: findings.map((finding) => ({ file: loaded.file, ...finding })),
    });
  else for (const { path, message } of findings) print(`${loaded.file}: ${path}: ${message}`);
  if (findings.length > 0) return 3;
  if (!globals.json) print(`${loaded.file} is ${paint("green", "valid")}${summary(loaded)}`);
  return 0;
}

function summary({ config: { services, controllers } }: Loaded): string {
  return `: ${Object.keys(services).length} service(s), ${controllers.length} controller(s)`;
}
