import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { isHostEvent, type EventData, type HostEvent, type Sample } from "@ostler/protocol";
import { serviceConfig } from "../config/services.js";
import { Checkpoints } from "../sources/patterns/checkpoints.js";
import { Patterns, type KnownMatch } from "../sources/patterns/patterns.js";
import { configured, recordingBus, started } from "./bus.js";
import { FakeClock } from "./fake-clock.js";
import { FaultyDisk } from "./faulty-disk.js";
import { tempDir } from "./temp-dir.js";
import { TempDisk } from "./temp-disk.js";
import { until } from "./until.js";

type Logs = Record<string, unknown>[];
type Type = HostEvent["type"];

/** The room that looks at a service called `web`, on a real disk; `DIR` in its `logs` stands for a directory of the test. */
export class PatternsRoom implements AsyncDisposable {
  readonly clock = new FakeClock(Date.now());
  readonly #recording = recordingBus(this.clock);
  readonly bus = this.#recording.bus;
  readonly samples: Sample[] = [];
  /** What is degraded now, with why. */
  readonly degraded = new Map<string, string>();
  secrets: readonly string[] = [];
  readonly #dir = tempDir();
  readonly #temp = new TempDisk();
  /** Where the checkpoints are. */
  readonly disk = new FaultyDisk(this.#temp.disk);
  #patterns: Patterns | undefined;

  static async start(logs: Logs, secrets: readonly string[] = []): Promise<PatternsRoom> {
    const room = new PatternsRoom();
    room.secrets = secrets;
    room.bus.onSample("room", (sample) => void room.samples.push(sample));
    room.bus.publish(configured("web"));
    room.bus.publish(started("web"));
    await room.begin(logs);
    return room;
  }

  /** An agent begins to look, with what is saved. */
  async begin(logs: Logs): Promise<void> {
    const checkpoints = await Checkpoints.open(this.disk, (reason) => this.degraded.set("checkpoints", reason));
    const { bus, clock, degraded } = this;
    this.#patterns = await Patterns.start(this.#services(logs), new Set(), {
      ...{ publish: bus.publish, sample: bus.sample, clock, state: () => bus.state, checkpoints },
      subscribe: (listener) => bus.subscribe("patterns", listener),
      secrets: () => this.secrets,
      synced: () => Promise.resolve(true),
      spools: this.#dir.at("spools"),
      spoolPaths: () => new Set(),
      matchesSince: (from) => Promise.resolve(this.#matchesFrom(from)),
      degraded: (part, reason) => void degraded.set(part, reason),
      recovered: (part) => void degraded.delete(part),
    });
  }

  /** The agent ends; a killed one saves nothing any more. */
  async end(how: "killed" | "stopped"): Promise<void> {
    if (how === "killed") this.disk.failing.add("replace");
    await this.#patterns?.[Symbol.asyncDispose]();
    if (how === "killed") this.disk.failing.delete("replace");
    this.#patterns = undefined;
  }

  async reload(logs: Logs): Promise<void> {
    await this.#patterns?.prepare(this.#services(logs)).commit(new AbortController().signal);
  }

  at(name: string): string {
    return this.#dir.at(name);
  }

  write(name: string, text: string): void {
    appendFileSync(this.at(name), text);
  }

  read(name: string): string {
    return existsSync(this.at(name)) ? readFileSync(this.at(name), "utf8") : "";
  }

  /** All that was published of a type. */
  events<T extends Type>(type: T): EventData<T>[] {
    return this.#recording.seen.flatMap(({ event }) => (event.type === type ? [event.data as EventData<T>] : []));
  }

  /** The lines that were told, in order. */
  get told(): string[] {
    return this.events("pattern.matched").map(({ line }) => line);
  }

  /** Lets time pass in small steps until something is true. */
  async until<T>(look: () => T, what: string, stepMs = 100): Promise<NonNullable<T>> {
    return until(async () => {
      await this.clock.pass(stepMs);
      return look();
    }, what);
  }

  /** Resolves when so many more checkpoints were begun to be written, or tried to. */
  async saved(times = 1, stepMs = 100): Promise<void> {
    const count = (): number => this.disk.calls.filter((call) => call.startsWith("replace")).length;
    const before = count();
    await this.until(() => count() >= before + times, "a checkpoint is written", stepMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end("stopped");
    this.#temp[Symbol.dispose]();
    this.#dir[Symbol.dispose]();
  }

  #services(logs: Logs) {
    const placed = JSON.parse(JSON.stringify(logs).replaceAll("DIR", this.#dir.path)) as Logs;
    return { web: serviceConfig.parse({ command: ["x"], logs: placed }) };
  }

  #matchesFrom(from: number): KnownMatch[] {
    return this.#recording.seen.flatMap(({ state, event }) =>
      state.seq >= from && isHostEvent(event) && event.type === "pattern.matched"
        ? [{ ...event.data, seq: state.seq }]
        : [],
    );
  }
}
