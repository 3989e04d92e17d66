import type { SettingChange } from "@ostler/protocol";
import { Client } from "./client.js";
import { controlSocket, type Globals } from "./globals.js";
import { print, printJson } from "./output.js";

/** The same as SIGHUP, and says what came of it; a refused configuration fails with all its problems. */
export async function reload(globals: Globals): Promise<number> {
  const result = await new Client(controlSocket(globals)).run("config.reload", {});
  const { changes } = result.data as { changes: SettingChange[] };
  if (globals.json) printJson(result);
  else
    print(
      changes.length === 0
        ? "Nothing has changed."
        : changes.map(({ path, change, effect }) => `${path} ${change} (${effect})`).join("\n"),
    );
  return 0;
}
