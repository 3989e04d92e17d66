import { maintenanceInWords, type Maintenance, type ServiceState } from "@ostler/protocol";
import { Client } from "./client.js";
import { controlSocket, type Globals } from "./globals.js";
import { inWords, paint, print, printJson, table } from "./output.js";
import { page } from "./status.js";

type Picture = {
  status: string;
  node: { id: string; name: string };
  version: string;
  uptime_seconds: number;
  degraded: Record<string, string>;
  maintenance?: Maintenance;
  config: { file: string; hash: string; rejected?: { at: string; problems: string[] } };
  services: Record<string, ServiceState>;
  controllers: { connected: number; total: number };
  journal: { first_seq: number; last_seq: number; bytes: number };
};

/** One page about everything; exit code 7 when something is not well. */
export async function health(globals: Globals): Promise<number> {
  const picture = (await new Client(controlSocket(globals)).getAnyway("/healthz")).body as Picture;
  if (globals.json) printJson(picture);
  else print(pageOf(picture));
  return picture.status === "unhealthy" ? 7 : 0;
}

function pageOf({
  status,
  node,
  version,
  uptime_seconds,
  degraded,
  maintenance,
  config,
  services,
  controllers,
  journal,
}: Picture): string {
  const colour = status === "healthy" ? "green" : status === "unhealthy" ? "red" : "yellow";
  const rows = [
    ["status", paint(colour, status)],
    ...(maintenance ? [["", paint("yellow", maintenanceInWords(maintenance))]] : []),
    ["agent", `${node.name} (${node.id}), version ${version}, up ${inWords(uptime_seconds * 1000)}`],
    ["configuration", `${config.file} (${config.hash})`],
    ...(config.rejected
      ? [["", paint("red", `reload refused at ${config.rejected.at}: ${config.rejected.problems.join("; ")}`)]]
      : []),
    ["controllers", `${controllers.connected} of ${controllers.total} connected`],
    ["journal", `events ${journal.first_seq} to ${journal.last_seq}, ${Math.ceil(journal.bytes / 1024)} KiB`],
    ...Object.entries(degraded).map(([part, reason]) => ["degraded", paint("yellow", `${part}: ${reason}`)]),
  ];
  return `${table(rows)}\n\n${page(services)}`;
}
