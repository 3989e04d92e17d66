import {
  allows,
  commands,
  isCommandName,
  matchesGlob,
  OstlerError,
  own,
  problemsIn,
  type Actor,
  type CommandArgs,
  type CommandData,
  type CommandName,
  type CommandSpec,
  type CommandState,
  type ErrorCode,
  type HostState,
  type Outcome,
  type Scope,
} from "@ostler/protocol";
import type { Publish } from "./bus.js";
import type { Clock } from "./clock.js";

/** Does what a command says. Resolves with its result; throws an OstlerError when it cannot. Must obey the signal. */
export type Handler<N extends CommandName> = (args: CommandArgs<N>, context: HandlerContext) => Promise<CommandData<N>>;
export type HandlerContext = { signal: AbortSignal; actor: Actor; reason?: string };
export type Handlers = { [N in CommandName]: Handler<N> };

/** What the sender may do: scopes, and optionally only commands that match one of the globs. */
export type Authority = { scopes: readonly Scope[]; commands?: readonly string[] };

export type CommandRequest = {
  id: string;
  name: string;
  args: Record<string, unknown>;
  actor: Actor;
  authority: Authority;
  reason?: string;
  /** Not to be started after this moment (ms since 1970). */
  expiresMs?: number;
  timeoutMs?: number;
};

export type CommandResult = {
  outcome: Outcome;
  code?: string;
  message?: string;
  data?: unknown;
  lastSeq: number;
};

/** The answer at once, and for a command that runs or ran, the result. */
export type Dispatched =
  | { status: "accepted" | "duplicate"; result: Promise<CommandResult> }
  | { status: "rejected"; code: ErrorCode; message: string };

export type DispatcherDeps = {
  publish: Publish;
  state: () => HostState;
  /** Resolves when the event of this seq is stored. */
  synced: (seq: number) => Promise<void>;
  clock: Clock;
};

const defaultTimeoutMs = 10 * 60 * 1000;

/** Results with data that are kept for whoever asks again: the state remembers only small ones. */
const maxResults = 16;

/** Commands of people and controllers that may run or wait at the same time. Those of policies are as many as there are things to look after. */
const maxOpen = 64;

/**
 * The only way to change the host. Every command is authorised, stored before it is acknowledged, serialised per service,
 * run at most once for each id, and ends in exactly one result.
 */
export class Dispatcher implements AsyncDisposable {
  readonly #handlers: Handlers;
  readonly #deps: DispatcherDeps;
  readonly #open = new Map<
    string,
    { result: Promise<CommandResult>; cancel: AbortController; request: CommandRequest }
  >();
  readonly #lanes = new Map<string, Promise<unknown>>();
  readonly #results = new Map<string, CommandResult>();
  readonly #stop = new AbortController();

  constructor(handlers: Handlers, deps: DispatcherDeps) {
    this.#handlers = handlers;
    this.#deps = deps;
    this.#interruptUnfinished();
  }

  async dispatch(request: CommandRequest): Promise<Dispatched> {
    const known = this.#known(request.id);
    if (known) return known;
    const refusal = this.#refusal(request);
    if (refusal) return this.#reject(request, refusal);
    const cancel = new AbortController();
    const seq = this.#accept(request);
    const result = this.#deps.synced(seq).then(() => this.#run(request, cancel.signal));
    this.#open.set(request.id, { result, cancel, request });
    void result.finally(() => this.#open.delete(request.id));
    await this.#deps.synced(seq);
    return { status: "accepted", result };
  }

  /** Dispatches and waits for the result. @throws OstlerError when it was rejected or did not succeed */
  async run(request: CommandRequest): Promise<CommandResult> {
    const dispatched = await this.dispatch(request);
    if (dispatched.status === "rejected") throw new OstlerError(dispatched.code, dispatched.message);
    return dispatched.result;
  }

  /** Withdraws a command that has not finished; without effect on one that has. */
  cancel(id: string): void {
    this.#open.get(id)?.cancel.abort();
  }

  /** How many that are such run or wait for their turn. */
  countOpen(isSuch: (request: Pick<CommandRequest, "name" | "args" | "actor">) => boolean): number {
    return [...this.#open.values()].filter(({ request }) => isSuch(request)).length;
  }

  /** Commands that still run are ended as interrupted. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await Promise.all([...this.#open.values()].map(({ result }) => result));
  }

  #known(id: string): Dispatched | undefined {
    const open = this.#open.get(id);
    if (open) return { status: "duplicate", result: open.result };
    const kept = this.#results.get(id);
    if (kept) return { status: "duplicate", result: Promise.resolve(kept) };
    const command = own(this.#deps.state().commands, id);
    return command?.outcome && { status: "duplicate", result: Promise.resolve(resultOf(command, command.outcome)) };
  }

  #refusal({ name, args, authority, reason, actor }: CommandRequest): OstlerError | undefined {
    if (!isCommandName(name)) {
      return new OstlerError("unknown-command", `There is no command "${name}". See docs/commands.md.`);
    }
    const { scope, args: schema, needsReason }: CommandSpec = commands[name];
    if (!allows(authority.scopes, scope))
      return new OstlerError(
        "not-permitted",
        `"${name}" needs the scope ${scope}; the sender has ${authority.scopes.join(", ") || "none"}.`,
      );
    if (authority.commands && !authority.commands.some((glob) => matchesGlob(glob, name)))
      return new OstlerError(
        "not-permitted",
        `"${name}" is not among the commands this host allows the sender. See controllers[].commands.`,
      );
    const parsed = schema.safeParse(args);
    if (!parsed.success) return new OstlerError("invalid-args", `Arguments of "${name}": ${problemsIn(parsed.error)}`);
    if (needsReason && (reason ?? "").trim() === "")
      return new OstlerError("invalid-args", `"${name}" needs a reason. Say why.`);
    if (actor.kind !== "policy" && this.countOpen((one) => one.actor.kind !== "policy") >= maxOpen)
      return new OstlerError("busy", `${maxOpen} commands are open already. Try again when one has finished.`);
    if (this.#stop.signal.aborted) return new OstlerError("cancelled", "The agent is stopping.");
    return undefined;
  }

  #reject({ id, name, actor }: CommandRequest, { code, message }: OstlerError): Dispatched {
    this.#deps.publish({ type: "command.rejected", data: { id, name, actor, code, message } });
    return { status: "rejected", code, message };
  }

  #accept({ id, name, args, actor, reason }: CommandRequest): number {
    return this.#deps.publish({
      type: "command.accepted",
      data: { id, name, args, actor, ...(reason === undefined ? {} : { reason }) },
    });
  }

  /** Does something while no command on a service runs, as one of them. What it does may not wait for such a command. */
  withService<T>(service: string, call: () => Promise<T>): Promise<T> {
    return this.#inTurn(`service ${service}`, call);
  }

  /** Waits for its turn behind the commands on the same service. Never rejects. */
  #run(request: CommandRequest, cancelled: AbortSignal): Promise<CommandResult> {
    return this.#inTurn(laneOf(request), () => this.#perform(request, cancelled));
  }

  async #inTurn<T>(lane: string, call: () => Promise<T>): Promise<T> {
    const before = this.#lanes.get(lane);
    const turn = (async () => {
      await before;
      return call();
    })();
    const settled = turn.catch(() => undefined); // Whoever comes next waits for the end, however it was.
    this.#lanes.set(lane, settled);
    try {
      return await turn;
    } finally {
      if (this.#lanes.get(lane) === settled) this.#lanes.delete(lane);
    }
  }

  async #perform(request: CommandRequest, cancelled: AbortSignal): Promise<CommandResult> {
    const { id, name, actor, expiresMs, timeoutMs = timeoutMsOf(name) } = request;
    const startedMs = this.#deps.clock.monotonic();
    const timeout = new AbortController();
    const cancelTimer = this.#deps.clock.after(timeoutMs, () => timeout.abort());
    const ended = await this.#attempt(request, AbortSignal.any([this.#stop.signal, cancelled, timeout.signal]), {
      expired: expiresMs !== undefined && this.#deps.clock.now() > expiresMs,
      why: () => {
        if (this.#stop.signal.aborted)
          return { outcome: "interrupted", code: "interrupted", message: "The agent stopped." };
        if (cancelled.aborted) return { outcome: "cancelled", code: "cancelled", message: "It was withdrawn." };
        if (timeout.signal.aborted)
          return { outcome: "failed", code: "timed-out", message: `Not done within ${timeoutMs} ms.` };
        return undefined;
      },
    });
    cancelTimer();
    const tookMs = Math.round(this.#deps.clock.monotonic() - startedMs);
    const lastSeq = this.#deps.publish({ type: "command.finished", data: { id, name, actor, ...ended, tookMs } });
    await this.#deps.synced(lastSeq);
    const result = { ...ended, lastSeq };
    if (ended.data !== undefined) this.#keep(id, result);
    return result;
  }

  #keep(id: string, result: CommandResult): void {
    this.#results.set(id, result);
    const [oldest] = this.#results.keys();
    if (this.#results.size > maxResults && oldest !== undefined) this.#results.delete(oldest);
  }

  async #attempt(
    { name, args, actor, reason }: CommandRequest,
    signal: AbortSignal,
    { expired, why }: { expired: boolean; why: () => Ended | undefined },
  ): Promise<Ended> {
    if (expired)
      return { outcome: "expired", code: "timed-out", message: "It could not be started before it expired." };
    const early = why();
    if (early) return early;
    try {
      const handler = this.#handlers[name as CommandName] as (
        args: unknown,
        context: HandlerContext,
      ) => Promise<unknown>;
      const context = { signal, actor, ...(reason === undefined ? {} : { reason }) };
      return { outcome: "succeeded", data: await handler(args, context) };
    } catch (failure) {
      const { code, message, data } = OstlerError.from(failure);
      const left = data === undefined ? {} : { data };
      return { ...(why() ?? { outcome: "failed", code, message }), ...left };
    }
  }

  /** What an agent before this one had begun: its effect is unknown, and it is not run again. */
  #interruptUnfinished(): void {
    for (const [id, { name, actor, outcome }] of Object.entries(this.#deps.state().commands)) {
      if (outcome) continue;
      const message = "The agent ended while the command ran. Look at the service before sending it again.";
      this.#deps.publish({
        type: "command.finished",
        data: { id, name, actor, outcome: "interrupted", code: "interrupted", message, tookMs: 0 },
      });
    }
  }
}

type Ended = Omit<CommandResult, "lastSeq">;

/** What is done with backups does not hold up what is done with the service itself. */
function laneOf({ name, args: { service } }: CommandRequest): string {
  const spec: CommandSpec | undefined = isCommandName(name) ? commands[name] : undefined;
  return typeof service === "string" ? `${spec?.lane ?? "service"} ${service}` : "agent";
}

function timeoutMsOf(name: string): number {
  const spec: CommandSpec | undefined = isCommandName(name) ? commands[name] : undefined;
  return spec?.ownTimeout ? Infinity : defaultTimeoutMs;
}

function resultOf({ code, message, data, lastSeq = 0 }: CommandState, outcome: Outcome): CommandResult {
  return {
    outcome,
    lastSeq,
    ...(code === undefined ? {} : { code }),
    ...(message === undefined ? {} : { message }),
    ...(data === undefined ? {} : { data }),
  };
}
