import { setImmediate } from "node:timers/promises";
import { messageOf, type HostState } from "@ostler/protocol";
import type { LogSource } from "../../config/logs/log-source.js";
import type { Publish, TakeSample } from "../../core/bus.js";
import type { Clock } from "../../core/clock.js";
import { textsOf } from "../../core/lines/clean-line.js";
import type { Checkpoint, Checkpoints } from "./checkpoints.js";
import type { Chunk } from "./chunk.js";
import type { Output } from "./feed-deps.js";
import { startFeed } from "./feed.js";
import { ForwardFile, type ForwardMark } from "./forward-file.js";
import { Gaps } from "./gaps.js";
import { GivenUp } from "./given-up.js";
import { Slices } from "./slices.js";
import { SourceWatch, type SourceWatchDeps } from "./source-watch.js";
import type { Told } from "./told.js";

export type FollowedSourceDeps = SourceWatchDeps & {
  publish: Publish;
  sample: TakeSample;
  clock: Clock;
  state: () => HostState;
  checkpoints: Checkpoints;
  /** Resolves when an event survives a crash; false when that cannot be had now. */
  synced: (seq: number) => Promise<unknown>;
  degraded: (part: string, reason: string) => void;
  recovered: (part: string) => void;
};

/** So many events after those that its checkpoint knows of, that of a quiet source is renewed: each start of the agent reads what comes after the oldest. */
const maxEventsBehind = 1000;

/** Follows one source of lines of a service: reads it, hands it on, looks for its patterns, and remembers how far it is. */
export class FollowedSource implements AsyncDisposable {
  readonly #service: string;
  readonly #source: LogSource;
  readonly #deps: FollowedSourceDeps;
  readonly #watch: SourceWatch;
  readonly #gaps: Gaps;
  readonly #failing = new Set<string>();
  readonly #slices = new Slices();
  readonly #givenUp: GivenUp;
  #forward: ForwardFile | undefined;
  #feed: AsyncDisposable | undefined;
  /** Resolves when lines may be taken: not while it is written down how far they have come. */
  #gate: Promise<void> | undefined;
  #isDirty = false;
  #saving: Promise<void> | undefined;

  /** Goes on where its checkpoint is. */
  static async start(
    service: string,
    source: LogSource,
    { output, told }: { output: Output; told: Told },
    deps: FollowedSourceDeps,
  ): Promise<FollowedSource> {
    const saved = deps.checkpoints.get(service, source.name);
    const unwritten = deps.checkpoints.takeOver(service, source.name);
    const watch = new SourceWatch(service, source, saved, told, deps);
    const its = new FollowedSource(service, source, watch, deps);
    its.#forward = await its.#openForward(saved?.forward);
    if (unwritten) its.#forward?.takeOver(unwritten);
    // From now on it is known: what has no position when the next agent looks has come since.
    if (!saved) await deps.checkpoints.save(its.#point).catch(() => (its.#isDirty = true)); // Told when it is saved again.
    if (unwritten) its.#isDirty = true;
    its.#feed = startFeed(
      source,
      output,
      { savedMs: saved?.atMs, positions: watch.positions, globs: saved?.globs },
      {
        clock: deps.clock,
        take: (chunk) => its.#take(chunk),
        gapped: (gap) => its.#gaps.tell(gap),
        begun: (label, position) => {
          watch.begin(label, position);
          its.#isDirty = true;
        },
        looked: (ms) => watch.looked(ms),
        caughtUp: (label, position) => its.#catchUp(label, position),
        gone: (label) => its.#forget(label),
        failed: (what, reason) => its.#fail(what, reason),
        recovered: (what) => its.#mend(what),
      },
    );
    return its;
  }

  private constructor(service: string, source: LogSource, watch: SourceWatch, deps: FollowedSourceDeps) {
    this.#service = service;
    this.#source = source;
    this.#watch = watch;
    this.#gaps = new Gaps({ service, source: source.name }, deps);
    this.#deps = deps;
    this.#givenUp = new GivenUp({
      clock: deps.clock,
      failed: (what, reason) => this.#fail(what, reason),
      recovered: (what) => this.#mend(what),
    });
  }

  /** Does what the clock makes due. */
  tick(serviceBeganMs: number): void {
    if (this.#watch.tick(serviceBeganMs)) this.#isDirty = true;
    this.#givenUp.tick();
    void this.save();
  }

  /** Writes down how far it is and what has come of it, when there is anything new. Never rejects; a failure is told. */
  save(): Promise<void> {
    this.#saving ??= this.#save().finally(() => (this.#saving = undefined));
    return this.#saving;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#feed?.[Symbol.asyncDispose]();
    await this.#saving;
    await this.save();
    await this.#forward?.[Symbol.asyncDispose]();
    if (this.#isDirty)
      this.#deps.checkpoints.handOver(this.#point, this.#forward?.unwritten ?? { lines: Buffer.of(), lostLines: 0 });
    this.#gaps[Symbol.dispose]();
    for (const what of this.#failing) this.#mend(what);
  }

  #catchUp(label: string, position: unknown): void {
    if (!this.#watch.catchUp(label, position)) return;
    this.#isDirty = true;
    void this.save();
  }

  #forget(label: string): void {
    this.#watch.forget(label);
    this.#isDirty = true;
  }

  /** Each slice is taken as a whole, with where it ends, whatever happens between two of them. */
  async #take(chunk: Chunk): Promise<void> {
    const { clock } = this.#deps;
    for (const slice of this.#slices.of(chunk)) {
      const startMs = clock.monotonic();
      await this.#takeSlice(slice);
      if (this.#slices.took(clock.monotonic() - startMs)) await setImmediate();
    }
    this.#givenUp.tell(this.#watch.takeGivenUp());
  }

  async #takeSlice(chunk: Chunk): Promise<void> {
    if (this.#gate) await this.#gate;
    await this.#forward?.room();
    this.#forward?.write(chunk.bytes);
    if (this.#source.forward?.agent_log) this.#tellLog(chunk);
    this.#watch.take(chunk);
    this.#isDirty = true;
  }

  #tellLog({ bytes, origin }: Chunk): void {
    const texts = textsOf(bytes);
    this.#deps.sample({ type: "lines.forwarded", service: this.#service, source: this.#source.name, ...origin, texts });
  }

  /** As of now. */
  get #point(): Checkpoint {
    return { ...this.#watch.checkpoint, ...(this.#forward ? { forward: this.#forward.mark } : {}) };
  }

  async #save(): Promise<void> {
    const { checkpoints, synced } = this.#deps;
    const isNew = this.#isDirty;
    if (!isNew && !this.#isOld) return;
    const point = await this.#still(async () => {
      // What is not in the file yet would be missing from it after a crash.
      while (this.#forward?.isBehind) if (!(await this.#forward.flush())) return undefined;
      this.#isDirty = false;
      return this.#point;
    });
    // Of a quiet source nobody knows whether what has come since then has been seen.
    if (point && !isNew) point.atMs = this.#saved?.atMs ?? point.atMs;
    if (!point) return;
    try {
      await synced(point.seq); // Else a crash could lose what was told of lines that are not read again.
      await checkpoints.save(point);
      this.#mend("checkpoint");
    } catch (failure) {
      this.#isDirty = true;
      this.#fail("checkpoint", `cannot save how far it was read: ${messageOf(failure)}`);
    }
  }

  /** Nothing is taken while this happens. */
  async #still<T>(happens: () => Promise<T>): Promise<T> {
    if (!this.#forward) return happens(); // It happens at one blow.
    let open = (): void => {};
    this.#gate = new Promise((resolve) => (open = resolve));
    try {
      return await happens();
    } finally {
      this.#gate = undefined;
      open();
    }
  }

  get #saved(): Checkpoint | undefined {
    return this.#deps.checkpoints.get(this.#service, this.#source.name);
  }

  /** Does the checkpoint know too little of what has happened, or is it of another journal? */
  get #isOld(): boolean {
    const { epoch, seq } = this.#deps.state();
    const saved = this.#saved;
    return saved !== undefined && (saved.epoch !== epoch || seq - saved.seq >= maxEventsBehind);
  }

  #fail(what: string, reason: string): void {
    if (this.#failing.has(what)) return;
    this.#failing.add(what);
    this.#deps.degraded(this.#partOf(what), reason);
  }

  #mend(what: string): void {
    if (this.#failing.delete(what)) this.#deps.recovered(this.#partOf(what));
  }

  #partOf(what: string): string {
    return `log ${this.#service}/${this.#source.name}: ${what}`;
  }
  /** A file that cannot be opened is told; the lines are looked at all the same. */
  async #openForward(mark: ForwardMark | undefined): Promise<ForwardFile | undefined> {
    const { forward } = this.#source;
    if (forward?.file === undefined) return undefined;
    const { file, max_size, keep } = forward;
    const what = `forwarding to ${file}`;
    try {
      return await ForwardFile.open({ file, max_size, keep }, mark, {
        clock: this.#deps.clock,
        failed: (reason) => this.#fail(what, reason),
        recovered: (lines) => {
          this.#mend(what);
          if (lines > 0) this.#gaps.tell({ reason: "not-forwarded", file, lines });
        },
      });
    } catch (failure) {
      this.#fail(what, `${messageOf(failure)}. Nothing is forwarded until the agent or this source is begun anew.`);
      return undefined;
    }
  }
}
