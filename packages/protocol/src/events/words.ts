import { alertKey } from "../alert-key.js";
import { bytesInWords, limitInWords } from "../limits.js";
import type { BackupDeed, BackupFlaws } from "./backup.js";
import type { EventData, HostEvent } from "./index.js";
import type { Awaited, EndCause, Exit, Likely, Overlap } from "./service.js";

/** An event as a sentence for people: in the log, on the terminal. Machines read the event itself. */
export function eventInWords(event: HostEvent): string {
  switch (event.type) {
    case "agent.started":
      return `agent ${event.data.name} ${event.data.version} started`;
    case "agent.stopped":
      return `agent stopped (${event.data.reason}); services run on`;
    case "agent.degraded":
      return `${event.data.part} is degraded: ${event.data.reason}`;
    case "agent.recovered":
      return `${event.data.part} works fully again`;
    case "agent.faulted":
      return `fault in ${event.data.part}: ${event.data.reason}`;
    case "config.applied":
      return `configuration ${event.data.file} applied, ${counted(event.data.changes.length, "change")}`;
    case "config.rejected":
      return `configuration ${event.data.file} rejected, the old one stays: ${event.data.problems.join("; ")}`;
    case "service.configured":
      return `${event.data.service} configured: ${counted(event.data.processes.length, "process", "processes")}, ${counted(event.data.checks.length, "check")}`;
    case "service.removed":
      return `${event.data.service} removed`;
    case "service.started":
      return `${who(event.data)} started, pid ${event.data.pid}`;
    case "service.restarted":
      return `${who(event.data)} restarted, pid ${event.data.pid}, because ${event.data.because}`;
    case "service.adopted":
      return `${who(event.data)} adopted, pid ${event.data.pid}, up ${seconds(event.data.uptimeMs)}`;
    case "service.exited": {
      const { exit, cause, likely, uptimeMs } = event.data;
      return `${who(event.data)} ended after ${seconds(uptimeMs)}: ${endInWords({ exit, cause, likely })}`;
    }
    case "service.crashed": {
      const { output, changed } = event.data;
      const said = output.stderr.at(-1) ?? output.stdout.at(-1);
      const { added = [], removed = [], changed: others = [] } = changed?.environment ?? {};
      const files = changed?.files?.map(({ word }) => word) ?? [];
      const news = [...(changed?.settings ?? []), ...added, ...removed, ...others, ...files];
      const since = news.length > 0 ? `, changed since it ran well: ${news.join(", ")}` : "";
      return `${who(event.data)} crashed, ${said === undefined ? "without a word" : `its last words: ${said}`}${since}`;
    }
    case "service.crash-looped": {
      const { crashes, windowMs, then, because } = event.data;
      const what = then === "stop" ? "it is not restarted any more" : "it is restarted seldom from now on";
      return `${who(event.data)} is in a crash loop: ${crashes} crashes within ${seconds(windowMs)}, ${what}; the last because ${because}`;
    }
    case "service.settled":
      return `${who(event.data)} has settled`;
    case "service.start-failed":
      return `${who(event.data)} could not be started: ${event.data.reason}`;
    case "service.delayed":
      return `${who(event.data)} restarts in ${seconds(event.data.delayMs)} (attempt ${event.data.attempt}), because ${event.data.because}`;
    case "service.deferred":
      return `${who(event.data)} waits for ${awaitsInWords(event.data.awaits)}`;
    case "service.scheduled":
      return `${who(event.data)} runs next at ${event.data.next}`;
    case "service.triggered":
      return `${who(event.data)} is due${event.data.late ? ", late" : ""}: ${event.data.due}`;
    case "service.run-missed": {
      const { from, to, because, then } = event.data;
      const when = from === to ? from : `${from} to ${to}`;
      return `${who(event.data)} missed ${when}, because ${because}; ${then === "run" ? "it runs once now" : "it runs at its next time"}`;
    }
    case "service.overlapped":
      return `${who(event.data)} was due while run ${event.data.run} had not ended: ${overlapInWords[event.data.then]}`;
    case "service.signalled":
      return `${who(event.data)} got ${event.data.signal}, has ${seconds(event.data.timeoutMs)} to end`;
    case "service.killed":
      return `${who(event.data)}: killed ${event.data.pids.join(", ")}, because ${event.data.reason}; work in progress may be lost`;
    case "service.stopped":
      return `${who(event.data)} stopped`;
    case "service.completed":
      return `${who(event.data)} completed`;
    case "service.gave-up":
      return `${who(event.data)} is not restarted: ${event.data.reason}`;
    case "service.isolated":
      return `${event.data.service} was isolated by ${event.data.actor.kind} ${event.data.actor.name}: ${event.data.reason}`;
    case "service.released":
      return `${event.data.service} was released by ${event.data.actor.kind} ${event.data.actor.name}${event.data.reason === undefined ? "" : `: ${event.data.reason}`}`;
    case "service.scaled": {
      const { actor, instances, configured } = event.data;
      return `${who(event.data)} was scaled to ${counted(instances, "instance")} (configured: ${configured}) by ${actor.kind} ${actor.name}`;
    }
    case "service.notified":
      return `${who(event.data)} has notified that it is ready, after ${seconds(event.data.tookMs)}`;
    case "service.marker-seen":
      return `${who(event.data)}: marker "${event.data.match}" seen after ${seconds(event.data.tookMs)}`;
    case "service.marker-missed": {
      const { match, withinMs, because, reason, lastLine } = event.data;
      const written = lastLine === undefined ? "it has written nothing" : `its last line: ${lastLine}`;
      const why = { "not-written": written, unreadable: reason ?? because };
      return `${who(event.data)}: marker "${match}" not seen within ${seconds(withinMs)}, ${why[because]}`;
    }
    case "service.ready":
      return `${event.data.service} is ready`;
    case "service.unready":
      return `${event.data.service} is not ready: ${event.data.reasons.join("; ")}`;
    case "service.output-lost":
      return `output of ${who(event.data)} is lost: ${event.data.reason}`;
    case "service.limit-exceeded":
      return `${who(event.data)}: ${limitInWords(event.data)} for ${seconds(event.data.forMs)} (watch ${event.data.watch})`;
    case "service.limit-recovered":
      return `${who(event.data)}: watch ${event.data.watch} is ${event.data.because === "within" ? "within its limit again" : "gone"}`;
    case "check.passed":
      return `check ${event.data.service}/${event.data.check} passed`;
    case "check.warned":
      return `check ${event.data.service}/${event.data.check} passed with a warning: ${event.data.reason}`;
    case "alert.pending":
      return `alert ${alertInWords(event.data)} is pending, fires in ${seconds(event.data.forMs)}: ${event.data.summary}`;
    case "alert.fired":
      return `alert ${alertInWords(event.data)} fires: ${event.data.summary}${event.data.runbook === undefined ? "" : ` (${event.data.runbook})`}`;
    case "alert.resolved": {
      const { fired, because } = event.data;
      const was = fired ? "resolved" : "no longer pending";
      return `alert ${alertInWords(event.data)} is ${was}${resolvedBecause[because]}`;
    }
    case "rule.blinded":
      return `rule ${event.data.service}/${event.data.rule} sees nothing: ${event.data.reason}`;
    case "rule.restored":
      return `rule ${event.data.service}/${event.data.rule} is blind no more`;
    case "rule.baselined":
      return `rule ${event.data.service}/${event.data.rule} compares with ${event.data.value} from now on`;
    case "rule.removed":
      return `rule ${event.data.service}/${event.data.rule} removed`;
    case "pattern.matched": {
      const { service, pattern, line, meaning, suppressed } = event.data;
      const before = suppressed > 0 ? ` (and ${suppressed} before it)` : "";
      return `pattern ${service}/${pattern}${meaning === undefined ? "" : `, ${meaning}`}: ${line}${before}`;
    }
    case "pattern.suppressed":
      return `pattern ${event.data.service}/${event.data.pattern} matched ${counted(event.data.count, "more line")} since`;
    case "pattern.missed": {
      const { service, process, pattern, withinMs, meaning } = event.data;
      return `${service}/${process} has written nothing of pattern ${pattern} within ${seconds(withinMs)} of its start${meaning === undefined ? "" : ` (${meaning})`}`;
    }
    case "pattern.removed":
      return `pattern ${event.data.service}/${event.data.pattern} removed`;
    case "log.gapped": {
      const { service, source, reason, bytes, lines, detail, file, process } = event.data;
      const where = file ?? process ?? source;
      const much = lines !== undefined ? counted(lines, "line") : bytes !== undefined ? bytesInWords(bytes) : "lines";
      return `${much} of ${service} may be missing from what ${where} has: ${reason}${detail === undefined ? "" : `, ${detail}`}`;
    }
    case "host.inventoried": {
      const { os, cpu, memory } = event.data.inventory;
      return `the host: ${os.distribution}, ${counted(cpu.cores, "core")}, ${bytesInWords(memory.total)} of memory`;
    }
    case "check.failed":
      return `check ${event.data.service}/${event.data.check} failed: ${event.data.reason}`;
    case "task.interrupted": {
      const { service, task, pids, killed } = event.data;
      const force = killed.length > 0 ? `, ${counted(killed.length, "of them", "of them")} by SIGKILL` : "";
      return `task ${service}/${task}, which an agent had left running, was ended: ${counted(pids.length, "process", "processes")}${force}`;
    }
    case "backup.scheduled":
      return `${setOf(event.data)}: ${deedInWords[event.data.doing]} next at ${event.data.next}`;
    case "backup.triggered":
      return `${setOf(event.data)}: ${deedInWords[event.data.doing]} is due${event.data.late ? ", late" : ""}: ${event.data.due}`;
    case "backup.missed": {
      const { doing, from, to, because, then } = event.data;
      const when = from === to ? from : `${from} to ${to}`;
      return `${setOf(event.data)}: ${deedInWords[doing]} missed ${when}, because ${because}; ${then === "run" ? "it is done now" : "it is done at its next time"}`;
    }
    case "backup.began":
      return `${setOf(event.data)}: ${deedInWords[event.data.doing]} began`;
    case "backup.progressed":
      return `${setOf(event.data)}: ${event.data.phase}, ${event.data.percent} %`;
    case "backup.created": {
      const { id, files, bytes, storedBytes, flaws, tookMs } = event.data;
      const what = `backup ${id} made in ${seconds(tookMs)}: ${counted(files, "file")}, ${bytesInWords(bytes)}, stored in ${bytesInWords(storedBytes)}`;
      return `${what}${flawsInWords(flaws)}`;
    }
    case "backup.copied":
      return `backup ${event.data.id} was copied to ${event.data.to}: ${bytesInWords(event.data.bytes)}`;
    case "backup.verified":
      return `backup ${verifiedInWords(event.data)}`;
    case "backup.damaged":
      return `backup ${event.data.id} is damaged: ${event.data.reason}`;
    case "backup.pruned":
      return `${setOf(event.data)}: ${counted(event.data.removed.length, "old backup")} removed, ${event.data.kept} kept`;
    case "backup.restored": {
      const { id, to, files, kept } = event.data;
      const also = kept.length > 0 ? `; what is in no backup is now in ${kept.join(", ")}` : "";
      return `backup ${id} was restored ${to === undefined ? "into place" : `to ${to}`}: ${counted(files, "file")}${also}`;
    }
    case "backup.drilled":
      return `backup ${event.data.id} is proven to restore: ${counted(event.data.files, "file")}${event.data.checked ? ", and its check passed" : ""}`;
    case "backup.failed":
      return `${setOf(event.data)}: ${deedInWords[event.data.doing]} failed: ${event.data.reason}`;
    case "backup.interrupted": {
      const { doing, undone } = event.data;
      return `${setOf(event.data)}: ${deedInWords[doing]} was interrupted; ${undone.length > 0 ? undone.join("; ") : "there was nothing to undo"}`;
    }
    case "backup.removed":
      return `${setOf(event.data)} removed`;
    case "command.accepted":
      return `${event.data.name} accepted from ${event.data.actor.kind} ${event.data.actor.name}`;
    case "command.rejected":
      return `${event.data.name} from ${event.data.actor.kind} ${event.data.actor.name} rejected: ${event.data.message}`;
    case "command.finished":
      return `${event.data.name} ${event.data.outcome}${event.data.message === undefined ? "" : `: ${event.data.message}`}`;
    case "controller.connected":
      return `controller ${event.data.controller} connected`;
    case "controller.disconnected":
      return `controller ${event.data.controller} disconnected: ${event.data.reason || event.data.code}`;
    case "controller.unreachable":
      return `controller ${event.data.controller} is unreachable: ${event.data.reason}`;
    case "controller.faulted":
      return `controller ${event.data.controller} broke the protocol: ${event.data.message}`;
    case "maintenance.began":
      return `maintenance of ${event.data.service ?? "the host"} for ${seconds(event.data.forMs)}, by ${event.data.actor.kind} ${event.data.actor.name}: ${event.data.reason}`;
    case "maintenance.ended":
      return `maintenance of ${event.data.service ?? "the host"} ${event.data.because === "expired" ? "is over" : "was ended"}`;
    case "debug.began":
      return `debugging of ${event.data.service} for ${seconds(event.data.forMs)}, by ${event.data.actor.kind} ${event.data.actor.name}: ${event.data.reason}`;
    case "debug.expired":
      return `the time for debugging of ${event.data.service} is over`;
    case "debug.ended":
      return `debugging of ${event.data.service} was ended by ${event.data.actor.kind} ${event.data.actor.name}`;
    case "journal.gapped":
      return `${counted(event.data.count, "event")} lost from the journal: ${event.data.reason}`;
    default:
      return event satisfies never;
  }
}

const deedInWords: Record<BackupDeed, string> = {
  create: "backup",
  verify: "verification",
  restore: "restore",
  drill: "drill",
  prune: "removal of old ones",
  copy: "copy",
};

function setOf({ service, backup }: { service: string; backup: string }): string {
  return `backups ${service}/${backup}`;
}

/** What was seen of a backup that was read back, and no more than that. */
export function verifiedInWords({
  id,
  files,
  bytes,
  isWhole,
  part,
}: Pick<EventData<"backup.verified">, "id" | "files" | "bytes" | "isWhole" | "part">): string {
  if (isWhole) return `${id} is what it was: ${counted(files, "file")}, ${bytesInWords(bytes)}`;
  const what =
    part === undefined ? "the archive as such; for its files an identity is needed" : `part ${part} of the repository`;
  return `${id} is what it was, as far as it was read: ${what}`;
}

/** What is wrong with a backup, loudly; nothing where nothing is. */
export function flawsInWords({ isEmpty, changed, vanished, skipped }: BackupFlaws): string {
  const some = (paths: readonly string[], what: string): string[] =>
    paths.length > 0 ? [`${what}: ${paths.slice(0, 3).join(", ")}${paths.length > 3 ? " …" : ""}`] : [];
  const flaws = [
    ...(isEmpty ? ["THERE IS NO FILE IN IT"] : []),
    ...some(changed, "changed while they were read"),
    ...some(vanished, "vanished"),
    ...some(skipped, "left out"),
  ];
  return flaws.length > 0 ? `; ${flaws.join("; ")}` : "";
}

const resolvedBecause = { passed: "", removed: ", the rule is gone", rests: ", the service rests" } as const;

function alertInWords(alert: { service: string; rule: string; labels?: Record<string, string> | undefined }): string {
  return `${alert.service}/${alertKey(alert)}`;
}

/** An end with what is known of its cause. */
export function endInWords({
  exit,
  cause,
  likely,
}: {
  exit: Exit;
  cause: EndCause;
  likely?: Likely | undefined;
}): string {
  const why = {
    "out-of-memory": ", killed by the kernel for lack of memory",
    timeout: ", killed because it had not ended when it was asked to; work in progress may be lost",
    watchdog: ", it was unhealthy",
    overdue: ", it ran longer than its max_runtime",
  } as Partial<Record<EndCause, string>>;
  const guess = likely ? `, probably ${likelyInWords[likely.reason]} (${likely.line})` : "";
  return `${exitInWords(exit)}${why[cause] ?? ""}${guess}`;
}

const likelyInWords: Record<Likely["reason"], string> = {
  "address-in-use": "its address is in use",
  "no-space": "no space is left",
  "missing-dependency": "something it needs is missing",
  permission: "it may not do what it wants to",
  configuration: "its configuration is wrong",
};

export function exitInWords(exit: Exit): string {
  switch (exit.kind) {
    case "code":
      return `exited with code ${exit.code}`;
    case "signal":
      return `ended by ${exit.signal}${exit.core ? ", core dumped" : ""}`;
    case "unknown":
      return `status unknown, ${exit.reason}`;
    default:
      return exit satisfies never;
  }
}

const overlapInWords: Record<Overlap, string> = {
  skip: "this time is skipped",
  queue: "it runs again after it",
  replace: "it is ended for the new one",
};

/** What a process waits for, as part of a sentence. */
export function awaitsInWords(awaits: readonly Awaited[]): string {
  return awaits.map(({ process, until }) => `${process} to be ${until}`).join(" and ");
}

function who({ service, process }: { service: string; process: string }): string {
  return process === "main" ? service : `${service}/${process}`;
}

/** A number of things, with its word. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

function seconds(ms: number): string {
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`;
}
