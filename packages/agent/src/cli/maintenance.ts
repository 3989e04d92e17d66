import { Client } from "./client.js";
import { controlSocket, type Globals } from "./globals.js";
import { print, printJson } from "./output.js";

type Options = Globals & { for?: string; reason?: string };

/** Maintenance of a service, or of the whole host, begins or gets another end. */
export async function beginMaintenance(options: Options, service: string | undefined): Promise<number> {
  const { for: span = "", reason = "" } = options;
  const args = { ...(service === undefined ? {} : { service }), for: span };
  const result = await new Client(controlSocket(options)).run("maintenance.on", args, { reason });
  if (options.json) printJson(result);
  else print(`${service ?? "the host"} is in maintenance for ${span}`);
  return 0;
}

/** Maintenance ends before its time. */
export async function endMaintenance(options: Options, service: string | undefined): Promise<number> {
  const result = await new Client(controlSocket(options)).run(
    "maintenance.off",
    service === undefined ? {} : { service },
  );
  if (options.json) printJson(result);
  else print(`${service ?? "the host"} is not in maintenance any more`);
  return 0;
}
