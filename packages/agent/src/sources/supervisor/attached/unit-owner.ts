import { messageOf } from "@ostler/protocol";
import type { Clock } from "../../../core/clock.js";
import { groupMembers } from "../../../platform/group-members.js";
import { readJournal, type JournalEntry } from "../../../platform/journalctl.js";
import { isAlive, statOf, uptimeMsOf, type Identity } from "../../../platform/proc.js";
import { treeOf } from "../../../platform/tree.js";
import type { Action, Owner } from "./owner.js";
import type { End, Sight } from "./sight.js";
import type { Systemctl } from "./systemctl.js";
import { endInJournal, exitMessage, resultMessage, sightOf, type Unit } from "./unit.js";

/** How long what is seen of a unit is good: its process is looked at every second, so this is for what a process does not show. */
const runningMs = 10_000;
const idleMs = 3000;
const changingMs = 500;

/** The journal may be a moment behind: so often, and after so long, it is asked again for the end of a process. */
const journalTries = 4;
const journalMs = 200;

/** Two exact clocks, asked one after the other, and one that ticks a hundred times a second. */
const tickMs = 30;

/** A process that is the main one of a unit of systemd. */
export class UnitOwner implements Owner {
  readonly name = "systemd";
  readonly settleMs = 10_000;
  readonly #unit: string;
  readonly #systemctl: Systemctl;
  readonly #clock: Clock;
  /** The process that was seen last, and the start of the unit that it belongs to. */
  #seen: { identity: Identity; invocation: string } | undefined;
  #last: Unit | undefined;

  constructor(unit: string, { systemctl, clock }: { systemctl: Systemctl; clock: Clock }) {
    this.#unit = unit;
    this.#systemctl = systemctl;
    this.#clock = clock;
  }

  async see(known: Identity | undefined): Promise<Sight> {
    const unit = await this.#systemctl.show(this.#unit);
    this.#last = unit;
    const sight = sightOf(unit, this.#mainOf(unit, known));
    if (sight.is === "running") this.#seen = { identity: sight.identity, invocation: unit.invocation };
    return sight;
  }

  /** By systemd's own word where it has not forgotten or started another one meanwhile; else by its journal. */
  async endOf(gone: Identity, sight: Sight, signal: AbortSignal): Promise<End> {
    const told = this.#last?.end;
    if (told?.pid === gone.pid) {
      const { exit, cause, expected, uptimeMs = 0 } = told;
      return { exit, cause, expected, uptimeMs };
    }
    const unknown = (reason: string, cause: End["cause"] = "unknown"): End => {
      return { exit: { kind: "unknown", reason }, cause, expected: sight.is === "stopped" };
    };
    try {
      const inJournal = await this.#endInJournal(gone, signal);
      if (inJournal) return inJournal;
    } catch (failure) {
      return unknown(`systemd has forgotten it, and its journal cannot be read: ${messageOf(failure)}`);
    }
    if (sight.is === "stopped") return unknown("systemd has forgotten it, it says only that it ended well", "clean");
    return unknown("systemd had gone on before anybody looked, and its journal has no bad end of it");
  }

  refusal(): undefined {
    return undefined;
  }

  /** A start of what waits for its restart would wait along; a restart does not. */
  act(action: Action, signal: AbortSignal): Promise<void> {
    const waits = this.#last?.active === "activating" && this.#last.sub.startsWith("auto-restart");
    return this.#systemctl.act(action === "start" && waits ? "restart" : action, this.#unit, signal);
  }

  pidsOf(main: Identity): number[] {
    const members = this.#last && groupMembers(this.#last.group);
    return members?.includes(main.pid) ? members : treeOf(main, this.#unit);
  }

  restMs(sight: Sight): number {
    if (sight.is === "running") return runningMs;
    return sight.is === "changing" || sight.is === "unsure" || sight.is === "waiting" ? changingMs : idleMs;
  }

  /** Of a unit that runs without a main process, the oldest of its processes stands for it for as long as it lives. */
  #mainOf({ mainPid, active, sub, group }: Unit, known: Identity | undefined): Identity | undefined {
    if (mainPid > 0) return livingOf(mainPid);
    if (active !== "active" || sub !== "running") return undefined;
    const members = groupMembers(group) ?? [];
    if (known && members.includes(known.pid) && isAlive(known)) return known;
    return members.flatMap((pid) => livingOf(pid) ?? []).sort((a, b) => a.startTicks - b.startTicks)[0];
  }

  async #endInJournal(gone: Identity, signal: AbortSignal): Promise<End | undefined> {
    for (let attempt = 1; !signal.aborted; attempt++) {
      const end = endInJournal(await this.#messagesAbout(gone, signal));
      if (end || attempt === journalTries) return end;
      await this.#clock.sleep(journalMs, signal);
    }
    return undefined;
  }

  /** What systemd's manager said of the end of a process; of one that another agent has seen, of the first one after its start. */
  async #messagesAbout(gone: Identity, signal: AbortSignal): Promise<JournalEntry[]> {
    const messages = ["_PID=1", `UNIT=${this.#unit}`, `MESSAGE_ID=${exitMessage}`, `MESSAGE_ID=${resultMessage}`];
    const seen = this.#seen?.identity.startTicks === gone.startTicks ? this.#seen.invocation : "";
    if (seen !== "") return collect(readJournal([...messages, `INVOCATION_ID=${seen}`], signal));
    const startedMs = this.#clock.now() - uptimeMsOf(gone.startTicks) - tickMs;
    const since = `--since=@${Math.floor(startedMs / 1000)}`;
    const all = await collect(readJournal([since, ...messages], signal));
    return all.filter((entry) => Number(entry.__REALTIME_TIMESTAMP) / 1000 >= startedMs);
  }
}

function livingOf(pid: number): Identity | undefined {
  const stat = statOf(pid);
  return stat && !stat.ended ? { pid, startTicks: stat.startTicks } : undefined;
}

/** More messages than this say no more about one end. */
const maxEntries = 100;

async function collect(entries: AsyncIterable<JournalEntry>): Promise<JournalEntry[]> {
  const found: JournalEntry[] = [];
  for await (const entry of entries) if (found.push(entry) >= maxEntries) break;
  return found;
}
