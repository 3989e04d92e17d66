import { eventOf, isHostEvent, type Actor, type Envelope, type EventData, type HostEvent } from "@ostler/protocol";

/** Who wanted something, and why; of a policy the check or the watch that it followed. */
export type Wish = { by: Actor; at: string; reason?: string; process?: string; check?: string; watch?: string };

/** What a process was last restarted for. */
export type RestartCause = { for: "wish"; wish: Wish } | { for: "configuration"; settings: string[] } | { for: "end" };

/** How many of its last events an answer shows, and how many settings of a reload it names. */
const shownEvents = 10;
const namedSettings = 5;

/** What the supervisor says of a restart after a reload. */
const configurationChanged = "its configuration changed";

/** What the journal tells of one service, event by event: who stopped and restarted its processes, and by what. */
export class Story {
  /** Types of the events it is made of. */
  static readonly types = ["service.*", "check.*", "command.accepted", "config.*"];
  readonly stoppedBy = new Map<string, Wish | undefined>();
  readonly restartedFor = new Map<string, RestartCause>();
  /** The last crash. */
  crash: Envelope | undefined;
  /** The last events of the service itself. */
  readonly last: Envelope[] = [];
  readonly #service: string;
  #stop: Wish | undefined;
  #restart: Wish | undefined;
  /** Processes that were restarted by a reload which has not been told yet. */
  #reloading: string[] = [];
  #failedCheck: string | undefined;
  #exceededWatch: string | undefined;

  constructor(service: string) {
    this.#service = service;
  }

  take(envelope: Envelope): void {
    const event = eventOf(envelope);
    if (!isHostEvent(event)) return;
    if (event.type === "command.accepted") return this.#onCommand(event.data, envelope.time);
    if (event.type === "config.applied") return this.#onConfig(event.data);
    if (event.type === "config.rejected") this.#reloading = [];
    if (!("service" in event.data) || event.data.service !== this.#service) return;
    if (event.type === "service.crashed") this.crash = envelope;
    this.last.push(envelope);
    if (this.last.length > shownEvents) this.last.shift();
    this.#onOwn(event);
  }

  #onCommand({ name, args, actor: by, reason }: EventData<"command.accepted">, at: string): void {
    if (args.service !== this.#service) return;
    const process = typeof args.process === "string" ? { process: args.process } : {};
    const wish = { by, at, ...(reason === undefined ? {} : { reason }), ...process, ...this.#followedBy(by) };
    if (name === "service.stop") this.#stop = wish;
    if (name === "service.restart") this.#restart = wish;
  }

  #followedBy({ kind, name }: Actor): Pick<Wish, "check" | "watch"> {
    if (kind !== "policy") return {};
    if (name === "restart-unhealthy" && this.#failedCheck !== undefined) return { check: this.#failedCheck };
    if (name === "enforce-limits" && this.#exceededWatch !== undefined) return { watch: this.#exceededWatch };
    return {};
  }

  #onConfig({ changes }: EventData<"config.applied">): void {
    const own = changes.filter(
      ({ path, effect }) => path.startsWith(`services.${this.#service}.`) && effect === "restarts-process",
    );
    const settings = own.map(({ path }) => path).slice(0, namedSettings);
    for (const process of this.#reloading) this.restartedFor.set(process, { for: "configuration", settings });
    this.#reloading = [];
  }

  #onOwn(event: HostEvent): void {
    if (event.type === "check.failed" && event.data.role === "liveness") this.#failedCheck = event.data.check;
    if (event.type === "service.limit-exceeded") this.#exceededWatch = event.data.watch;
    if (event.type === "service.stopped") {
      const { process } = event.data;
      this.stoppedBy.set(process, isAbout(this.#stop, process) ? this.#stop : undefined);
    }
    if (event.type === "service.restarted") {
      const { process, because } = event.data;
      this.restartedFor.set(process, this.#causeOf(event.data));
      if (because === configurationChanged) this.#reloading.push(process);
    }
  }

  #causeOf({ process, because }: EventData<"service.restarted">): RestartCause {
    const wish = this.#restart;
    const wanted = wish && (wish.reason ?? `${wish.by.kind} ${wish.by.name} restarted it`);
    if (isAbout(wish, process) && wanted === because) return { for: "wish", wish };
    if (because === configurationChanged) return { for: "configuration", settings: [] };
    return { for: "end" };
  }
}

/** A command without a process is about all of them, one about a process also about its instances. */
function isAbout(wish: Wish | undefined, process: string): wish is Wish {
  if (!wish) return false;
  return wish.process === undefined || wish.process === process || wish.process === process.split("@")[0];
}
