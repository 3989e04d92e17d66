import { resolve } from "node:path";
import { OstlerError, type SettingChange } from "@ostler/protocol";
import { stringify } from "yaml";
import { loadConfigOrThrow } from "../config/load.js";
import { planChanges } from "../config/plan.js";
import { redacted } from "../config/redact.js";
import { Client } from "./client.js";
import { configFile, controlSocket, type Globals } from "./globals.js";
import { paint, print, printJson, table } from "./output.js";

/** The configuration with its secrets hidden: of the file, or with `--effective` of the running agent. */
export async function showConfig(globals: Globals & { effective?: boolean }): Promise<number> {
  const shown = globals.effective
    ? await new Client(controlSocket(globals)).get("/v1/config")
    : redacted(loadConfigOrThrow(configFile(globals), process.env));
  if (globals.json) printJson(shown);
  else print(stringify(shown).trimEnd());
  return 0;
}

type Plan = { changes: SettingChange[]; against: string };

/** What a reload to a file would do; compared with the running agent, or where none runs, with the configuration file. */
export async function planConfig(globals: Globals, file: string | undefined): Promise<number> {
  const { changes, against } = await plan(globals, file);
  if (globals.json) printJson({ against, changes });
  else if (changes.length === 0) print(`Nothing would change (compared with ${against}).`);
  else {
    const signs = { added: paint("green", "+"), removed: paint("red", "-"), changed: paint("yellow", "~") };
    print(`Compared with ${against}:`);
    print(table(changes.map(({ path, change, effect }) => [signs[change], path, effect])));
  }
  return 0;
}

async function plan(globals: Globals, file: string | undefined): Promise<Plan> {
  try {
    const client = new Client(controlSocket(globals));
    const { data } = await client.run("config.plan", file === undefined ? {} : { file: resolve(file) });
    return { ...(data as { changes: SettingChange[] }), against: "the running agent" };
  } catch (failure) {
    if (OstlerError.from(failure).code !== "unreachable" || file === undefined) throw failure;
    const before = loadConfigOrThrow(configFile(globals), process.env);
    const after = loadConfigOrThrow(file, process.env);
    return { changes: planChanges(before.config, after.config), against: `${before.file} (no agent is running)` };
  }
}
