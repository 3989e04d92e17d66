import { constants } from "node:os";
import type { EndCause, Exit } from "@ostler/protocol";
import type { Identity } from "../../../platform/proc.js";
import type { End, Sight } from "./sight.js";

/** What systemd says of a unit: parsed from `systemctl show`, and what it means, both without asking anybody. */

/** All that is asked of systemctl; the order is its own. */
export const unitProperties = [
  "Id",
  "LoadState",
  "ActiveState",
  "SubState",
  "Result",
  "MainPID",
  "ExecMainPID",
  "ExecMainCode",
  "ExecMainStatus",
  "ExecMainStartTimestampMonotonic",
  "ExecMainExitTimestampMonotonic",
  "ActiveExitTimestampMonotonic",
  "NRestarts",
  "RestartUSec",
  "InvocationID",
  "ControlGroup",
] as const;

type Properties = Partial<Record<(typeof unitProperties)[number], string>>;

export type Unit = {
  name: string;
  load: string;
  active: string;
  sub: string;
  result: string;
  /** 0 when there is none. */
  mainPid: number;
  /** How often systemd itself has restarted it since somebody started it. */
  restarts: number;
  restartDelayMs: number;
  /** Changes with each start; empty when it was never started, or systemd has forgotten. */
  invocation: string;
  /** Its control group, as a path in the hierarchy. */
  group: string;
  /** The end of the process that was the main one last; nothing while it runs or when systemd has forgotten. */
  end: (End & { pid: number }) | undefined;
};

/** The units in the order in which they were asked for. */
export function parseUnits(text: string): Unit[] {
  return text
    .trim()
    .split(/\n\n+/)
    .filter((block) => block !== "")
    .map(parseUnit);
}

function parseUnit(block: string): Unit {
  const entries = block
    .split("\n")
    .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]);
  const its = Object.fromEntries(entries) as Properties;
  return {
    name: its.Id ?? "",
    load: its.LoadState ?? "",
    active: its.ActiveState ?? "",
    sub: its.SubState ?? "",
    result: its.Result ?? "",
    mainPid: Number(its.MainPID ?? 0),
    restarts: Number(its.NRestarts ?? 0),
    restartDelayMs: spanMs(its.RestartUSec ?? ""),
    invocation: its.InvocationID ?? "",
    group: its.ControlGroup ?? "",
    end: endIn(its),
  };
}

const unitMs: Record<string, number> = { us: 0.001, ms: 1, s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 };

/** `1min 30s`, as systemd writes a span; 0 for what is none. */
function spanMs(text: string): number {
  return text.split(" ").reduce((sum, part) => {
    const [, count = "", unit = ""] = /^([\d.]+)([a-z]+)$/.exec(part) ?? [];
    return sum + Number(count) * (unitMs[unit] ?? 0);
  }, 0);
}

/** What `ExecMainCode` counts: CLD_EXITED, CLD_KILLED, CLD_DUMPED of waitid(2). */
const codes = ["", "exited", "killed", "dumped"];

function endIn(its: Properties): Unit["end"] {
  const [startedUs, exitedUs] = [
    Number(its.ExecMainStartTimestampMonotonic),
    Number(its.ExecMainExitTimestampMonotonic),
  ];
  const exit = exitOf(codes[Number(its.ExecMainCode)] ?? "", Number(its.ExecMainStatus));
  if (!(exitedUs > 0) || !exit) return undefined;
  // Who is asked to stop leaves the active state first and ends then; who ends by itself does it the other way round.
  const leftUs = Number(its.ActiveExitTimestampMonotonic);
  const expected = its.Result === "success" && leftUs > 0 && leftUs < exitedUs;
  const uptimeMs = Math.max(0, Math.round((exitedUs - startedUs) / 1000));
  return { pid: Number(its.ExecMainPID), exit, cause: causeOf(its.Result ?? "", exit), expected, uptimeMs };
}

/** `code` in systemd's words, `status` an exit code or the number of a signal. */
function exitOf(code: string, status: number): Exit | undefined {
  if (code === "exited") return { kind: "code", code: status };
  if (code !== "killed" && code !== "dumped") return undefined;
  const [signal = `signal ${status}`] = Object.entries(constants.signals).find(([, number]) => number === status) ?? [];
  return { kind: "signal", signal, core: code === "dumped" };
}

const causes: Record<string, EndCause> = {
  success: "clean",
  "exit-code": "code",
  signal: "signal",
  "core-dump": "core-dump",
  watchdog: "watchdog",
  timeout: "timeout",
  "oom-kill": "out-of-memory",
};

/** By the result of its unit; where that is about something else, by how it ended. */
export function causeOf(result: string, exit: Exit): EndCause {
  const byResult = Object.hasOwn(causes, result) ? causes[result] : undefined;
  if (byResult !== undefined) return byResult;
  if (exit.kind === "unknown") return "unknown";
  if (exit.kind === "code") return exit.code === 0 ? "clean" : "code";
  return exit.core ? "core-dump" : "signal";
}

/** What is a unit doing? `main` is its main process, if that lives. */
export function sightOf(unit: Unit, main: Identity | undefined): Sight {
  const { name, load, active, sub, restarts, end } = unit;
  if (load !== "loaded" && active === "inactive") return { is: "failed", reason: unusable(unit) };
  switch (active) {
    case "active":
    case "reloading":
    case "refreshing":
      if (main) return { is: "running", identity: main, restarts };
      if (unit.mainPid > 0) return { is: "unsure" }; // It has just ended, and systemd has not collected it yet.
      return sub === "exited" ? { is: "completed" } : { is: "changing" };
    case "activating":
      if (!sub.startsWith("auto-restart")) return { is: "changing" };
      return { is: "waiting", attempt: restarts + 1, delayMs: Math.round(unit.restartDelayMs), because: waits(unit) };
    case "failed":
      return { is: "failed", reason: `${name} has failed, its result is ${resultInWords(unit.result)}` };
    case "inactive":
      return end && !end.expected && end.cause === "clean" ? { is: "completed" } : { is: "stopped" };
    default:
      return { is: "changing" };
  }
}

function unusable({ name, load }: Unit): string {
  if (load === "masked") return `${name} is masked: systemd starts it for nobody`;
  if (load === "not-found") return `systemd has no unit ${name}`;
  return `systemd cannot load ${name} (${load}); \`systemctl status ${name}\` says why`;
}

function waits({ name, result }: Unit): string {
  return `systemd restarts ${name} after result ${resultInWords(result)}`;
}

function resultInWords(result: string): string {
  return result === "start-limit-hit" ? "start-limit-hit (it was started too often)" : result;
}

/** Messages of systemd's manager about a service, by their ids in its journal. */
export const exitMessage = "98e322203f7a4ed290d09fe03c09fe15";
export const resultMessage = "d9b373ed55a64feb8242e02dbe79a49c";

type Entry = Readonly<Record<string, string>>;

/** How a main process ended by these two messages; nothing when there is none of them. systemd tells only of bad ends. */
export function endInJournal(entries: readonly Entry[]): End | undefined {
  const told = entries.find((entry) => entry.MESSAGE_ID === exitMessage);
  const exit = told && exitOf(told.EXIT_CODE ?? "", Number(told.EXIT_STATUS));
  if (!exit) return undefined;
  const failed = entries.find(
    ({ MESSAGE_ID, INVOCATION_ID }) => MESSAGE_ID === resultMessage && INVOCATION_ID === told?.INVOCATION_ID,
  );
  return { exit, cause: causeOf(failed?.UNIT_RESULT ?? "", exit), expected: false };
}
