import {
  exitInWords,
  limitInWords,
  debuggingInWords,
  maintenanceInWords,
  notFound,
  own,
  unreadyReasons,
  type HostState,
  type ProcessState,
  type ServiceState,
  durationInWords,
} from "@ostler/protocol";
import { backupRows } from "./backup-rows.js";
import { Client } from "./client.js";
import { controlSocket, type Globals } from "./globals.js";
import { paint, print, printJson, table } from "./output.js";
import type { ToldNumber } from "../sinks/http/numbers.js";
import { numbersTable } from "./numbers.js";
import { usageLines, type Figures } from "./usage-lines.js";

/** State of all services, or of one with what its processes use. */
export async function status(globals: Globals & { check?: boolean }, name: string | undefined): Promise<number> {
  const client = new Client(controlSocket(globals));
  const state = await client.state();
  const services = chosen(state, name);
  const numbers = name === undefined ? {} : await client.get(`/v1/services/${name}/numbers`);
  const usage = name === undefined ? undefined : ((await client.get(`/v1/services/${name}/usage`)) as Figures);
  if (globals.json) printJson(name === undefined ? services : { ...services[name], usage, numbers });
  else {
    if (state.maintenance) print(paint("yellow", `The host is ${maintenanceInWords(state.maintenance)}.`));
    const parts = [
      page(services),
      name !== undefined && usage ? usageLines(name, usage) : "",
      name === undefined ? "" : numbersTable({ [name]: { numbers: numbers as Record<string, ToldNumber> } }),
    ];
    print(parts.filter((part) => part !== "").join("\n\n"));
  }
  return globals.check && Object.values(services).some(({ ready }) => !ready) ? 7 : 0;
}

/** @throws OstlerError `not-found` */
export function chosen({ services }: HostState, name: string | undefined): Record<string, ServiceState> {
  if (name === undefined) return services;
  const service = own(services, name);
  if (!service) throw notFound("service", name, Object.keys(services));
  return { [name]: service };
}

export function page(services: Record<string, ServiceState>): string {
  const rows = Object.entries(services).flatMap(([name, service]) => [
    [paint("bold", name), readiness(service), since(service.since), remarks(service).join("; ")],
    ...Object.entries(service.processes).flatMap(([process, its]) => [
      [`  ${process}`, its.phase.name, phaseSince(its), detail(its)],
      ...Object.entries(its.exceeded ?? {}).map(([watch, limit]) => [
        `  ${watch}`,
        paint("yellow", "exceeded"),
        since(limit.since),
        `${process}: ${limitInWords(limit)}`,
      ]),
    ]),
    ...Object.entries(service.checks).map(([check, { role, status, since: at, reason }]) => [
      `  ${check}`,
      status === "failed" ? paint("red", status) : status === "warned" ? paint("yellow", status) : status,
      at === undefined ? "" : since(at),
      `${role}${reason === undefined ? "" : `: ${reason}`}`,
    ]),
    ...Object.entries(service.alerts).map(([alert, { state, since: at, severity, summary }]) => [
      `  ${alert}`,
      state === "firing" ? paint(severity === "critical" ? "red" : "yellow", state) : state,
      since(at),
      `${severity}: ${summary}`,
    ]),
    ...Object.entries(service.rules).flatMap(([rule, { blind }]) =>
      blind ? [[`  ${rule}`, paint("yellow", blind.because), since(blind.since), blind.reason]] : [],
    ),
    ...backupRows(service, Date.now()),
  ]);
  return rows.length === 0 ? "No services are configured." : table([["SERVICE", "STATE", "SINCE", "DETAIL"], ...rows]);
}

function remarks(service: ServiceState): string[] {
  const { attached, maintenance, debug } = service;
  return [
    ...(attached ? [`attached to ${attached.name}`] : []),
    ...(maintenance ? [maintenanceInWords(maintenance)] : []),
    ...(debug ? [debuggingInWords(debug)] : []),
    ...unreadyReasons(service),
  ];
}

function readiness({ ready, isolation }: ServiceState): string {
  if (isolation) return paint("red", "isolated");
  return ready ? paint("green", "ready") : paint("red", "not ready");
}

function detail({ phase, restarts, lastExit }: ProcessState): string {
  return [
    "pid" in phase ? `pid ${phase.pid}` : "",
    phase.name === "waiting" ? `next attempt ${phase.until.slice(11, 19)}Z` : "",
    restarts > 0 ? `${restarts} restart(s)` : "",
    lastExit ? `last ${exitInWords(lastExit.exit)}${loss(lastExit)} ${since(lastExit.at)} ago` : "",
  ]
    .filter((part) => part !== "")
    .join(", ");
}

function loss({ cause }: NonNullable<ProcessState["lastExit"]>): string {
  return cause === "timeout" ? ", killed after its stop timeout, work may be lost," : "";
}

function phaseSince({ phase }: ProcessState): string {
  return "since" in phase ? since(phase.since) : "";
}

function since(time: string): string {
  return time === "" ? "" : durationInWords(Date.now() - Date.parse(time));
}
