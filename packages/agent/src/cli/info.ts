import { OstlerError } from "@ostler/protocol";
import { buildInfo } from "../build.js";
import type { Globals } from "./globals.js";
import { printJson } from "./output.js";

/** `ostler` alone: with `--build-info`, what was built; else it was not understood. */
export async function info({ buildInfo: wanted }: Globals & { buildInfo?: boolean }): Promise<number> {
  if (!wanted) throw new OstlerError("bad-request", "Say what to do; `ostler --help` lists it.");
  printJson(buildInfo());
  return 0;
}
