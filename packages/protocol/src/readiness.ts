import { awaitsInWords } from "./events/words.js";
import { pendingInWords } from "./notified-check.js";
import { own } from "./own.js";
import { isolationInWords, type CheckState, type Phase, type ProcessState, type ServiceState } from "./state.js";

/** The one definition of readiness: of a service, and of one of its processes. */

type Known = Pick<ServiceState, "processes" | "checks" | "isolation">;

/** Why a service is not ready; empty when it is. */
export function unreadyReasons({ processes, checks, isolation }: Known): string[] {
  return [
    ...(isolation ? [isolationInWords(isolation)] : []),
    ...Object.entries(processes).flatMap(([name, its]) => phaseReasons(name, its)),
    ...Object.entries(checks).flatMap(([name, check]) => checkReasons(name, check)),
  ];
}

/** Why one process is not ready: what it does, and the readiness checks that are about it alone. */
export function processUnreadyReasons({ processes, checks }: Known, process: string): string[] {
  const its = own(processes, process);
  if (!its) return [`there is no process ${process}`];
  const about = [process, baseName(process)];
  return [
    ...phaseReasons(process, its),
    ...Object.entries(checks).flatMap(([name, check]) =>
      check.process !== undefined && about.includes(check.process) ? checkReasons(name, check) : [],
    ),
  ];
}

/** The name in the configuration of a process of which there may be several instances: `worker` of `worker@2`. */
export function baseName(process: string): string {
  const at = process.indexOf("@");
  return at < 0 ? process : process.slice(0, at);
}

/** A daemon is to run, a one-shot process to have run; a scheduled one is not waited for. */
function phaseReasons(name: string, { type = "daemon", phase }: ProcessState): string[] {
  const wanted = { daemon: "running", oneshot: "completed", scheduled: phase.name }[type];
  return phase.name === wanted ? [] : [`process ${name} is ${inWords(phase)}`];
}

function checkReasons(name: string, { role, status, reason }: CheckState): string[] {
  if ((role !== "readiness" && role !== "startup") || status === "passed" || status === "warned") return [];
  return [status === "pending" ? pendingInWords(name) : `check ${name} failed: ${reason}`];
}

function inWords(phase: Phase): string {
  switch (phase.name) {
    case "waiting":
      return `waiting to be restarted (attempt ${phase.attempt})`;
    case "deferred":
      return `waiting for ${awaitsInWords(phase.awaits)}`;
    case "gave-up":
      return `not restarted: ${phase.reason}`;
    case "stopped":
    case "running":
    case "stopping":
    case "exited":
    case "scheduled":
    case "completed":
      return phase.name;
    default:
      return phase satisfies never;
  }
}
