import { messageOf, OstlerError, type HostEvent, type ProcessState } from "@ostler/protocol";
import { attachedTo, ownerOf } from "../../../config/attach.js";
import type { RestartConfig } from "../../../config/restart.js";
import type { ServiceConfig } from "../../../config/services.js";
import type { Clock } from "../../../core/clock.js";
import { newStop } from "../../../core/stop.js";
import { isAlive, uptimeMsOf } from "../../../platform/proc.js";
import type { Restart } from "../states.js";
import type { Slot } from "../records.js";
import { Cure } from "./cure.js";
import { Defiance, type DefianceDeps } from "./defiance.js";
import { goneUnasked, hostRestarted, letGo } from "./ends.js";
import { isOver, observe, toldBefore, type Asked, type Told } from "./observe.js";
import type { Action, Owner } from "./owner.js";
import { hasReached, isRefused } from "./settled.js";
import type { End, Sight } from "./sight.js";
import { waitFor } from "./wait-for.js";

export type AttachedDeps = DefianceDeps & {
  publish: (event: HostEvent) => void;
  clock: Clock;
  random: () => number;
  owner: Owner;
  policy: RestartConfig;
  /** How it stands when this begins. */
  before: ProcessState | undefined;
  /** What stands in `before` was true of another boot of the host. */
  otherBoot: boolean;
  heldMs: (service: string) => number | undefined;
};

/** How often the owner is asked whether what it was to do is done. */
const settleMs = 100;

/**
 * A process that has another owner: watched, told of like any other, and acted on only through its owner. It is never started
 * because it does not run. Disposing it ends the watching.
 */
export class AttachedProcess implements Disposable {
  readonly slot: Slot;
  readonly #config: ServiceConfig;
  readonly #deps: AttachedDeps;
  readonly #end = newStop();
  readonly #cure: Cure;
  readonly #defiance: Defiance;
  #told: Told;
  #sight: Sight = { is: "unsure" };
  #first = true;
  #asked: Asked | undefined;
  #dueMs = 0;
  /** The looks that are under way or wait for their turn. */
  #looks = 0;
  #looking: Promise<void> = Promise.resolve();
  #acting: Promise<void> = Promise.resolve();

  constructor(slot: Slot, config: ServiceConfig, deps: AttachedDeps) {
    this.slot = slot;
    this.#config = config;
    this.#deps = deps;
    this.#told = toldBefore(deps.before);
    this.#cure = new Cure(slot, deps, (run, because) => void this.#cureNow(run, because));
    this.#defiance = new Defiance(slot.service, attachedTo(ownerOf(config.attach ?? {})), deps);
    this.look();
  }

  /** It is still what the configuration of its service wants. */
  suits({ attach }: ServiceConfig): boolean {
    return JSON.stringify(attach) === JSON.stringify(this.#config.attach);
  }

  /** Done when it runs. @throws OstlerError */
  async start(signal: AbortSignal): Promise<void> {
    await this.#act({ action: "start", because: "", cure: false }, signal);
  }

  /** Done when nothing of it runs. @throws OstlerError */
  async stop(signal: AbortSignal): Promise<void> {
    const isHopeless = this.#deps.owner.refusal("stop") !== undefined;
    if (isHopeless && this.#told.is !== "running") return; // There is nothing to refuse.
    await this.#act({ action: "stop", because: "", cure: false }, signal);
  }

  /** Done when it runs again; one with `backOff`, a cure, waits for its turn, and is done when it waits. @throws OstlerError */
  async restart({ because, backOff }: Restart, signal: AbortSignal): Promise<void> {
    this.#refuse("restart");
    if (!backOff) await this.#act({ action: "restart", because, cure: false }, signal);
    else if (this.#told.is === "running") this.#cure.prescribe(this.#told.run, because);
    else throw this.#error("wrong-state", `it does not run, and whoever owns it starts it or does not`);
  }

  /** Its owner keeps it: the agent only looks away. */
  letGo(): void {
    this[Symbol.dispose]();
    this.#defiance.tell(false);
    if (this.#told.is !== "running") return;
    const { run, identity } = this.#told;
    const about = { ...this.slot, run, pid: identity.pid, uptimeMs: uptimeMsOf(identity.startTicks) };
    this.#deps.publish({ type: "service.exited", data: { ...about, ...letGo, whileAway: false } });
  }

  /** @throws OstlerError `wrong-state` when it runs and its owner cannot be asked to stop it */
  refuseUnstoppable(): void {
    if (this.#told.is === "running") this.#refuse("stop");
  }

  /** Pids of everything it consists of; empty while it does not run. */
  pids(): number[] {
    return this.#told.is === "running" ? this.#deps.owner.pidsOf(this.#told.identity) : [];
  }

  /** Called about once a second. */
  look(): void {
    this.#defiance.tell(this.#told.is === "running" && !this.#first && !this.#asked);
    const isGone = this.#told.is === "running" && !isAlive(this.#told.identity);
    if (this.#looks === 0 && (isGone || this.#deps.clock.monotonic() >= this.#dueMs)) void this.#lookAgain();
  }

  /** What has become of its service. */
  feed(readiness: "ready" | "unready"): void {
    if (readiness === "unready") this.#cure.unready();
    else if (this.#told.is === "running") this.#cure.helped(this.#told.run);
  }

  [Symbol.dispose](): void {
    this.#end.abort();
    this.#cure[Symbol.dispose]();
  }

  /** Resolves when what is seen from now on has been told. Never rejects. */
  #lookAgain(): Promise<void> {
    this.#looks++;
    const look = this.#looking.then(() => this.#lookNow()).finally(() => this.#looks--);
    this.#looking = look;
    return look;
  }

  async #lookNow(): Promise<void> {
    const { owner, clock } = this.#deps;
    const known = this.#told.is === "running" && !this.#isFromOtherBoot ? this.#told.identity : undefined;
    try {
      const sight = await owner.see(known);
      const end = await this.#endBefore(sight);
      if (this.#end.signal.aborted) return;
      this.#dueMs = clock.monotonic() + owner.restMs(sight);
      this.#tell(sight, end);
    } catch (failure) {
      if (this.#end.signal.aborted) return;
      this.#dueMs = clock.monotonic() + owner.restMs({ is: "stopped" });
      this.#tellUnasked(messageOf(failure));
    }
  }

  /** How the process ended that was told to be running, if it has. */
  async #endBefore(sight: Sight): Promise<End | undefined> {
    const told = this.#told;
    if (told.is !== "running") return undefined;
    if (this.#isFromOtherBoot) return sight.is === "unsure" ? undefined : hostRestarted;
    if (!isOver(told, sight, isAlive(told.identity))) return undefined;
    return this.#deps.owner.endOf(told.identity, sight, this.#end.signal);
  }

  /** The owner cannot be asked, which is told elsewhere; that a process is gone can be seen all the same. */
  #tellUnasked(reason: string): void {
    this.#sight = { is: "unsure" };
    if (this.#told.is === "running" && !isAlive(this.#told.identity))
      this.#tell({ is: "changing" }, goneUnasked(reason));
  }

  #tell(sight: Sight, end: End | undefined): void {
    const { owner, otherBoot, publish } = this.#deps;
    const about = { ...this.slot, owner: owner.name, asked: this.#asked, first: this.#first, otherBoot, end };
    const { told, events } = observe(this.#told, sight, { ...about, uptimeMs: uptimeMsOf });
    this.#told = told;
    this.#sight = sight;
    if (sight.is !== "unsure") this.#first = false;
    for (const event of events) publish(event);
    this.#defiance.tell(this.#told.is === "running" && !this.#first && !this.#asked);
  }

  /** Actions come one after the other, and each to its end, whoever still waits for it. */
  async #act(asked: Asked, signal: AbortSignal): Promise<void> {
    this.#refuse(asked.action);
    this.#cure.withdraw();
    const until = AbortSignal.any([signal, this.#end.signal]);
    const done = this.#acting.then(() => this.#perform(asked, until));
    this.#acting = done.catch(() => undefined); // Told to the one who asked.
    this.#asked ??= asked;
    await waitFor(done, until, () => this.#error("cancelled", "nobody waits for it any more"));
  }

  async #perform(asked: Asked, signal: AbortSignal): Promise<void> {
    try {
      await this.#lookAgain();
      if (signal.aborted || (asked.action === "start" && this.#told.is === "running")) return;
      if (asked.cure && this.#sight.is !== "running") return; // Its owner is doing something about it.
      this.#asked = asked;
      const before = this.#told.run;
      const failure = await this.#deps.owner.act(asked.action, signal).then(
        () => undefined,
        (reason: unknown) => messageOf(reason),
      );
      await this.#settle(asked.action, before, failure, signal);
    } finally {
      this.#asked = undefined;
    }
  }

  /** Resolves when what was asked for can be seen; `before` is the run that was told then. @throws OstlerError `failed` */
  async #settle(action: Action, before: number, failure: string | undefined, signal: AbortSignal): Promise<void> {
    const { owner, clock } = this.#deps;
    const { owner: kind } = ownerOf(this.#config.attach ?? {});
    const deadlineMs = clock.monotonic() + owner.settleMs;
    for (;;) {
      await this.#lookAgain();
      if (hasReached(action, this.#sight, this.#told.run > before) || signal.aborted) return;
      if (failure !== undefined || isRefused(kind, this.#sight) || clock.monotonic() >= deadlineMs)
        throw this.#failed(action, failure);
      await clock.sleep(settleMs, signal);
    }
  }

  async #cureNow(run: number, because: string): Promise<void> {
    const { service } = this.slot;
    const { heldMs, isIsolated, publish } = this.#deps;
    if (this.#told.run !== run || this.#told.is !== "running") return; // Somebody was quicker.
    if (heldMs(service) !== undefined || isIsolated(service)) return;
    await this.#act({ action: "restart", because, cure: true }, this.#end.signal).catch((failure: unknown) => {
      if (this.#end.signal.aborted) return;
      const data = { ...this.slot, run: run + 1, kind: "owner" as const, reason: messageOf(failure) };
      publish({ type: "service.start-failed", data });
    });
  }

  /** What was told last is about a process of which nothing can be left, though its pid and start may be those of another. */
  get #isFromOtherBoot(): boolean {
    return this.#first && this.#deps.otherBoot;
  }

  #refuse(action: Action): void {
    const refusal = this.#deps.owner.refusal(action);
    if (refusal !== undefined) throw new OstlerError("wrong-state", refusal);
  }

  #failed(action: Action, failure: string | undefined): OstlerError {
    const is = this.#told.is === "gave-up" ? `it does not run: ${this.#told.reason}` : `it is ${this.#told.is}`;
    return this.#error("failed", [failure, `After the ${action} ${is}`].filter(Boolean).join(" "));
  }

  #error(code: "failed" | "wrong-state" | "cancelled", what: string): OstlerError {
    return new OstlerError(code, `"${this.slot.service}/${this.slot.process}": ${what}.`);
  }
}
