import {
  durationInWords,
  maintenanceInWords,
  type Health,
  type HealthReason,
  type Maintenance,
  type ServiceState,
} from "@ostler/protocol";
import { Client } from "./client.js";
import { controlSocket, type Globals } from "./globals.js";
import type { ToldNumber } from "../sinks/http/numbers.js";
import { numbersTable } from "./numbers.js";
import { paint, print, printJson, table } from "./output.js";
import { page } from "./status.js";

type Picture = {
  status: Health;
  reasons: HealthReason[];
  node: { id: string; name: string };
  version: string;
  uptime_seconds: number;
  maintenance?: Maintenance;
  config: { file: string; hash: string };
  services: Record<string, ServiceState & { numbers?: Record<string, ToldNumber> }>;
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

const colours = { healthy: "green", maintenance: "yellow", degraded: "yellow", unhealthy: "red" } as const;

function pageOf({
  status,
  reasons,
  node,
  version,
  uptime_seconds,
  maintenance,
  config,
  services,
  controllers,
  journal,
}: Picture): string {
  const rows = [
    ["status", paint(colours[status], status)],
    ...(maintenance ? [["", paint("yellow", maintenanceInWords(maintenance))]] : []),
    ["agent", `${node.name} (${node.id}), version ${version}, up ${durationInWords(uptime_seconds * 1000)}`],
    ["configuration", `${config.file} (${config.hash})`],
    ["controllers", `${controllers.connected} of ${controllers.total} connected`],
    ["journal", `events ${journal.first_seq} to ${journal.last_seq}, ${Math.ceil(journal.bytes / 1024)} KiB`],
  ];
  const why = reasons.map((its) => [paint(colours[its.status], its.status), its.about, its.reason]);
  const parts = [table(rows), why.length > 0 ? table(why) : "", page(services), numbersTable(services)];
  return parts.filter((part) => part !== "").join("\n\n");
}
