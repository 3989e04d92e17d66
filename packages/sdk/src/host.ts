import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import {
  messageOf,
  OstlerError,
  parseDuration,
  type AgentFrame,
  type AgentFrameOf,
  type CommandArgs,
  type CommandData,
  type CommandName,
  type Envelope,
  type HostState,
} from "@ostler/protocol";
import { dialForever, type DialOptions } from "./connection/dial.js";
import { Intake, type Ack } from "./connection/intake.js";
import type { Link } from "./connection/link.js";
import { endOf, Links, type Ended } from "./connection/links.js";
import { Mirror } from "./connection/mirror.js";
import { Requests } from "./connection/requests.js";
import { defaultHeartbeatMs, type Identity } from "./connection/session.js";
import { follow, type FollowOptions } from "./follow.js";
import { LogFeeds, type LogItem, type LogOptions } from "./log-feeds.js";
import { Signal } from "./signal.js";
import { memoryStore } from "./stores/memory.js";
import type { EventStore, StoredPosition } from "./stores/store.js";

export type RunOptions = {
  /** Kept with the command. */
  reason?: string;
  /** How long to wait for the result, reconnects included; default `60s`. */
  timeout?: string;
  /** Not to be started after this time. */
  expires?: Date;
  signal?: AbortSignal;
};

export type HostOptions = { name: string; store: EventStore; position: StoredPosition | undefined; identity: Identity };

export type ConnectOptions = {
  token?: string;
  /** PEM of the authorities to trust, for wss:// with one of your own. */
  ca?: string | Buffer;
  /** Name of the host here; its URL's host when absent. */
  name?: string;
  store?: EventStore;
  /** Name of this controller at the agent; a new one for each Host when absent. */
  id?: string;
  /** Longest silence; default 30 s. */
  heartbeatMs?: number;
};

const defaultRunTimeout = "60s";

/** One agent, as an object: its state, its events, its commands. It stays the same over reconnects. */
export class Host implements AsyncDisposable {
  readonly name: string;
  readonly #options: HostOptions;
  readonly #intake: Intake;
  readonly #mirror: Mirror;
  readonly #requests: Requests;
  readonly #logs: LogFeeds;
  /** Something about the host changed: its state, its connection. */
  readonly #changed = new Signal();
  readonly #stored = new Signal();
  readonly #end = new AbortController();
  readonly #links: Links;
  #hasState = false;
  #close: () => Promise<void> = async () => {};

  /**
   * Connects to an agent that listens; resolves when its state is known. Later losses of the connection are repaired by
   * reconnecting, for ever. @throws OstlerError `unreachable`, `unauthorized`, `not-permitted` when the first attempt fails
   */
  static async connect(url: string, options: ConnectOptions = {}): Promise<Host> {
    const store = options.store ?? memoryStore();
    const name = options.name ?? new URL(url).host;
    const identity = {
      id: options.id ?? randomUUID(),
      name: hostname(),
      heartbeatMs: options.heartbeatMs ?? defaultHeartbeatMs,
    };
    const host = new Host({ name, store, position: (await store.positions()).get(name), identity });
    const dial: DialOptions = {
      url,
      ...(options.token === undefined ? {} : { token: options.token }),
      ...(options.ca === undefined ? {} : { ca: options.ca }),
    };
    const first = dialForever(dial, (socket) => host.accept(socket), host.#end.signal);
    host.#close = async () => {
      await first.ended;
      if (!options.store) await store.close();
    };
    try {
      await first.connected;
      await host.waitFor(() => host.#hasState || host.#links.ended !== undefined, { timeout: "10s" });
      if (!host.#hasState && host.#links.ended) throw endOf(url, host.#links.ended);
      return host;
    } catch (failure) {
      await host[Symbol.asyncDispose]();
      throw failure;
    }
  }

  constructor(options: HostOptions) {
    this.name = options.name;
    this.#options = options;
    this.#links = new Links(options.identity, {
      resume: () => this.#intake.resume,
      opened: () => {
        this.#requests.resend();
        this.#logs.reopen();
        this.#changed.fire();
      },
      frame: (frame, link) => this.#take(frame, link),
      closed: () => this.#changed.fire(),
    });
    this.#mirror = new Mirror({
      wantState: () => this.#links.send({ t: "want_state" }),
      changed: () => this.#changed.fire(),
    });
    this.#requests = new Requests((frame) => this.#links.send(frame));
    this.#logs = new LogFeeds((frame) => this.#links.send(frame));
    this.#intake = new Intake(options.position, {
      host: options.name,
      store: options.store,
      stored: () => this.#stored.fire(),
      failed: (reason) => this.#links.close(1011, `events cannot be stored: ${messageOf(reason)}`),
    });
  }

  /** The agent's state: the same fold of the same events. While disconnected, the last one known. */
  get state(): HostState {
    return this.#mirror.state;
  }

  get connected(): boolean {
    return this.#links.isConnected;
  }

  /** What the agent said of itself when it last connected. */
  get agent(): AgentFrameOf<"hello">["agent"] | undefined {
    return this.#links.agent;
  }

  /**
   * Runs a command on the host and resolves with its data. It is sent again after a reconnect, and runs once.
   * @throws OstlerError with the agent's code; `timed-out`, `cancelled`, and `unreachable` when the host was closed here
   */
  async run<N extends CommandName>(name: N, args: CommandArgs<N>, options: RunOptions = {}): Promise<CommandData<N>> {
    const { reason, timeout = defaultRunTimeout, expires, signal } = options;
    const timeoutMs = msOf(timeout);
    const command = {
      id: randomUUID(),
      name,
      args: args as Record<string, unknown>,
      timeout_s: timeoutMs / 1000,
      ...(reason === undefined ? {} : { reason }),
      ...(expires === undefined ? {} : { expires: expires.toISOString() }),
    };
    const ends = [AbortSignal.timeout(timeoutMs), ...(signal ? [signal] : [])];
    return (await this.#requests.run(command, AbortSignal.any(ends))) as CommandData<N>;
  }

  /** Events of this host: from now on, or with `from: "stored"` everything in the store first. Ends with the host or the signal. */
  events(options: FollowOptions = {}): AsyncGenerator<Envelope> {
    const signal = options.signal ? AbortSignal.any([options.signal, this.#end.signal]) : this.#end.signal;
    return follow(this.name, this.#options.store, this.#stored, { ...options, signal });
  }

  /**
   * Lines that services of this host write, as they come, after the last ones when they are asked for. They are for looking
   * at: what comes too fast, or while there is no connection, is dropped, and told. Ends with the host or the signal.
   * @throws OstlerError with the agent's code when that refuses
   */
  logs(options: LogOptions = {}): AsyncGenerator<LogItem> {
    const signal = options.signal ? AbortSignal.any([options.signal, this.#end.signal]) : this.#end.signal;
    return this.#logs.read(options, signal);
  }

  /** Resolves when something is true of the host. @throws OstlerError `timed-out`, `unreachable` when the host was closed here */
  async waitFor(
    reached: (host: Host) => boolean,
    { timeout = defaultRunTimeout }: { timeout?: string } = {},
  ): Promise<void> {
    const signal = AbortSignal.any([AbortSignal.timeout(msOf(timeout)), this.#end.signal]);
    while (!reached(this)) {
      if (this.#end.signal.aborted) throw new OstlerError("unreachable", `${this.name} was closed.`);
      if (signal.aborted) throw new OstlerError("timed-out", `Waited ${timeout} for ${this.name} in vain.`);
      await this.#changed.next(signal);
    }
  }

  /** Speaks with the agent on an open WebSocket; an earlier connection is closed. Resolves when it has ended. */
  accept(socket: Parameters<Links["accept"]>[0]): Promise<Ended> {
    return this.#links.accept(socket);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    this.#requests.abandon(`${this.name} was closed.`);
    await this.#links.leave();
    await this.#intake.settled();
    await this.#close();
  }

  #take(frame: AgentFrame, link: Link): void {
    const ack: Ack = ({ epoch, seq }) => link.send({ t: "ack", epoch, upto: seq });
    switch (frame.t) {
      case "state":
        this.#mirror.take(frame);
        this.#hasState = true;
        return this.#changed.fire();
      case "events":
        return this.#mirror.fold(frame.epoch, this.#intake.take(frame, ack));
      case "gap":
        this.#intake.takeGap(frame, ack);
        return this.#mirror.skip(frame);
      case "cmd_ack":
        return this.#requests.onAck(frame);
      case "cmd_result":
        return this.#requests.onResult(frame);
      case "heartbeat":
        return this.#mirror.compare(frame);
      case "logs":
        return this.#logs.onLogs(frame);
      case "error":
        return this.#logs.onError(frame);
      case "hello":
      case "cmd_progress":
      case "goaway":
      case "bye":
        return;
      default:
        return frame satisfies never;
    }
  }
}

function msOf(timeout: string): number {
  const ms = parseDuration(timeout);
  if (ms === undefined) throw new OstlerError("bad-request", `timeout "${timeout}" is not a duration like 60s.`);
  return ms;
}
