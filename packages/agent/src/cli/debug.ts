import { Client } from "./client.js";
import { controlSocket, type Globals } from "./globals.js";
import { print, printJson } from "./output.js";

type Options = Globals & { for?: string; reason?: string };

/** A service is restarted with the environment of its `debug`, for a time. */
export async function beginDebug(options: Options, service: string): Promise<number> {
  const { for: span, reason = "" } = options;
  const args = { service, ...(span === undefined ? {} : { for: span }) };
  const result = await new Client(controlSocket(options)).run("debug.on", args, { reason });
  if (options.json) printJson(result);
  else print(`${service} runs with the environment of its debug${span === undefined ? "" : ` for ${span}`}`);
  return 0;
}

/** It runs as usual again before the time is over. */
export async function endDebug(options: Options, service: string): Promise<number> {
  const result = await new Client(controlSocket(options)).run("debug.off", { service });
  if (options.json) printJson(result);
  else print(`${service} runs with its usual environment`);
  return 0;
}
