import {
  closeCodes,
  commonVersion,
  decodeControllerFrame,
  hashOf,
  messageOf,
  OstlerError,
  protocolVersions,
  maxFrameBytes,
  type ControllerFrame,
  type ControllerFrameOf,
  type HostState,
} from "@ostler/protocol";
import type { RawData, WebSocket } from "ws";
import type { Publish } from "../../core/bus.js";
import type { Clock } from "../../core/clock.js";
import type { Authority, Dispatcher } from "../../core/dispatcher.js";
import type { Cursors } from "../../core/journal/cursors.js";
import type { Journal } from "../../core/journal/journal.js";
import { CommandDesk, commandsAllowed } from "./command-desk.js";
import { pumpEvents } from "./event-pump.js";
import { Faults } from "./faults.js";
import { KeepAlive } from "./keep-alive.js";
import { Link } from "./link.js";
import { LogStreams, type ReadLogs } from "./log-streams.js";
import { StateSender } from "./state-sender.js";
import { Window } from "./window.js";

export type SessionDeps = {
  publish: Publish;
  clock: Clock;
  state: () => HostState;
  journal: Journal;
  cursors: Cursors;
  dispatcher: Dispatcher;
  logs: ReadLogs;
  /** Longest delay of the event loop lately. */
  lagMs: () => number;
  /** Ends the session that had this name before, if it is still there. The returned function gives the name back. */
  claim: (name: string, supersede: () => void) => () => void;
};

/** The other end: its name here, and what it may do. Whoever connects to us gets its own id added to the name of its token. */
export type Peer = {
  name: string;
  direction: "inbound" | "outbound";
  authority: Authority;
  /** The longest silence of ours that the configuration allows. */
  heartbeatMs?: number;
};

/** How a session ended. */
export type SessionEnd = { code: number; reason: string; welcomedMs: number; retryAfterMs: number };

const handshakeMs = 10_000;

/**
 * One session of the controller protocol over one WebSocket, whoever opened it. Frames of the controller are handled as
 * they come; events go out at the controller's pace; nothing here waits for anything there.
 */
export class Session {
  readonly #peer: Peer;
  readonly #deps: SessionDeps;
  readonly #link: Link;
  readonly #desk: CommandDesk;
  readonly #logs: LogStreams;
  readonly #end = new AbortController();
  readonly #faults: Faults;
  #welcomed: { window: Window; sender: StateSender; atMs: number; alive: KeepAlive; release: () => void } | undefined;
  #pumping: Promise<void> = Promise.resolve();
  #name: string;
  #retryAfterMs = 0;
  #cancelTimer: () => void;

  /** Speaks until the connection ends; then tells how it ended. Never rejects. */
  static run(socket: WebSocket, peer: Peer, deps: SessionDeps, signal: AbortSignal): Promise<SessionEnd> {
    const session = new Session(socket, peer, deps);
    const leave = (): void => session.#leave("the agent is stopping");
    signal.addEventListener("abort", leave);
    return new Promise((resolve) => {
      socket.on("error", () => undefined); // Always followed by `close`, which tells.
      socket.on("message", (data, isBinary) => session.#receive(data, isBinary));
      socket.on("close", (code, reason) => {
        signal.removeEventListener("abort", leave);
        resolve(session.#closed(code, reason.toString()));
      });
      if (socket.isPaused) socket.resume();
      session.#hello();
      if (signal.aborted) leave();
    });
  }

  private constructor(socket: WebSocket, peer: Peer, deps: SessionDeps) {
    this.#peer = peer;
    this.#name = peer.name;
    this.#deps = deps;
    this.#link = new Link(socket, deps.clock);
    this.#desk = new CommandDesk(this.#link, peer, deps);
    this.#logs = new LogStreams(this.#link, deps.logs, () => deps.clock.now(), this.#end.signal);
    this.#faults = new Faults(this.#link, () => ({ controller: this.#name, direction: peer.direction }), deps.publish);
    this.#cancelTimer = deps.clock.after(handshakeMs, () =>
      this.#link.close(closeCodes.handshakeTimeout, "no welcome came in time"),
    );
  }

  #hello(): void {
    const { agent, epoch } = this.#deps.state();
    const { journal, cursors } = this.#deps;
    this.#link.send({
      t: "hello",
      proto: [...protocolVersions],
      agent: { id: agent.id, name: agent.name, version: agent.version, labels: agent.labels },
      boot: agent.bootId,
      session: agent.session,
      caps: [...commandsAllowed(this.#peer.authority), "events.resume", "state", "logs"],
      limits: { max_frame: maxFrameBytes, max_inflight_cmds: CommandDesk.maxOpen },
      stream: { epoch, first: journal.first, next: journal.durable + 1, acked: cursors.get(this.#name, epoch) },
    });
  }

  #receive(data: RawData, isBinary: boolean): void {
    if (!this.#link.isOpen) return; // Whoever was shown the door gives no more orders.
    this.#welcomed?.alive.heard();
    if (isBinary) return this.#link.close(closeCodes.binaryRefused, "frames are text");
    try {
      const frame = decodeControllerFrame((data as Buffer).toString());
      if (this.#welcomed || frame.t === "welcome" || frame.t === "error" || frame.t === "goaway" || frame.t === "bye")
        this.#handle(frame);
      else this.#link.close(closeCodes.protocol, `the first frame must be welcome, not ${frame.t}`);
    } catch (failure) {
      this.#faults.tell(OstlerError.from(failure));
    }
  }

  #handle(frame: ControllerFrame): void {
    switch (frame.t) {
      case "welcome":
        return this.#welcome(frame);
      case "want_state":
        return this.#welcomed?.sender.sendFull();
      case "ack":
        return this.#ack(frame);
      case "cmd":
        return void this.#desk.take(frame);
      case "cmd_cancel":
        return this.#desk.cancel(frame.id);
      case "logs_open":
        return this.#logs.open(frame);
      case "logs_close":
        return this.#logs.close(frame.id);
      case "goaway":
        this.#retryAfterMs = (frame.retry_after_s ?? 0) * 1000;
        return this.#link.close(closeCodes.normal, "as asked");
      case "cmd_result_ack":
      case "heartbeat":
      case "error":
      case "bye":
        return;
      default:
        return frame satisfies never;
    }
  }

  #welcome(frame: ControllerFrameOf<"welcome">): void {
    if (this.#welcomed) throw new OstlerError("bad-protocol", "There was a welcome already.");
    if (commonVersion([frame.proto]) === undefined) {
      const failure = new OstlerError(
        "no-common-version",
        `Version ${frame.proto} is not spoken here; ${protocolVersions.join(", ")} is.`,
      );
      this.#link.send({ t: "error", code: failure.code, message: failure.message });
      return this.#link.close(closeCodes.noCommonVersion, "no common version");
    }
    this.#cancelTimer();
    const { direction, heartbeatMs = Infinity } = this.#peer;
    if (direction === "inbound") this.#name = `${this.#peer.name}/${nameOf(frame.controller.id)}`;
    const { clock, state, journal, publish } = this.#deps;
    const release = this.#deps.claim(this.#name, () => this.#supersede());
    const { epoch, agent } = state();
    const from = this.#resumeFrom(frame, epoch);
    const window = new Window(frame.window, from - 1);
    const carried = (): number => (frame.events.length > 0 ? 0 : window.passed);
    const sender = new StateSender({ state, link: this.#link, clock, carried });
    const theirsMs = frame.heartbeat_s * 1000;
    const alive = new KeepAlive(this.#link, { oursMs: Math.min(theirsMs, heartbeatMs), theirsMs }, this.#deps);
    this.#welcomed = { window, sender, atMs: clock.monotonic(), alive, release };
    const peer = frame.controller.name || frame.controller.id;
    publish({
      type: "controller.connected",
      data: { controller: this.#name, direction, session: agent.session, peer },
    });
    sender.sendFull();
    const pump = { journal, link: this.#link, window, epoch, topics: frame.events };
    this.#pumping = pumpEvents(from, pump, this.#end.signal).catch((failure: unknown) => this.#fail(failure));
  }

  /** Its end is told before the beginning of the session that takes its name: the state would end up without either. */
  #supersede(): void {
    const reason = "a newer session of this controller";
    this.#part(closeCodes.duplicateSession, reason);
    this.#link.close(closeCodes.duplicateSession, reason);
  }

  /** Where the controller wants to go on; a place that does not exist yet is a lie or another journal, and changes nothing. */
  #resumeFrom({ resume }: ControllerFrameOf<"welcome">, epoch: string): number {
    const { journal, cursors } = this.#deps;
    const own = cursors.get(this.#name, epoch) + 1;
    if (!resume) return own;
    if (resume.epoch !== undefined && resume.epoch !== epoch) {
      this.#link.send({ t: "gap", epoch: resume.epoch, from: resume.from, to: resume.from, count: 0, reason: "epoch" });
      return 1;
    }
    if (resume.from <= journal.durable + 1) return resume.from;
    this.#faults.tell(
      new OstlerError("bad-request", `Cannot resume from ${resume.from}: the next event is ${journal.durable + 1}.`),
    );
    return own;
  }

  #ack({ epoch, upto }: ControllerFrameOf<"ack">): void {
    const window = this.#welcomed?.window;
    if (!window) return;
    if (epoch !== this.#deps.state().epoch || !window.ack(upto))
      throw new OstlerError(
        "bad-request",
        `Cannot acknowledge ${epoch}-${upto}: it was never sent on this connection.`,
      );
    this.#deps.cursors.set(this.#name, { epoch, seq: window.acked });
  }

  #fail(failure: unknown): void {
    this.#deps.publish({
      type: "agent.faulted",
      data: { part: `session with ${this.#name}`, reason: messageOf(failure) },
    });
    this.#link.close(closeCodes.internal, "internal error");
  }

  #leave(reason: string): void {
    this.#link.send({ t: "bye", reason });
    this.#link.close(closeCodes.goingAway, reason);
  }

  /** Resolves when nothing of the session is left. */
  async #closed(code: number, reason: string): Promise<SessionEnd> {
    const welcomedMs = this.#welcomed ? this.#deps.clock.monotonic() - this.#welcomed.atMs : 0;
    this.#cancelTimer();
    this.#part(code, reason);
    await this.#pumping;
    return { code, reason, welcomedMs, retryAfterMs: this.#retryAfterMs };
  }

  /** Ends everything but the connection, once. */
  #part(code: number, reason: string): void {
    if (this.#end.signal.aborted) return;
    this.#end.abort();
    if (!this.#welcomed) return;
    const { sender, alive, release } = this.#welcomed;
    for (const part of [sender, alive]) part[Symbol.dispose]();
    release();
    const about = { controller: this.#name, direction: this.#peer.direction };
    this.#deps.publish({ type: "controller.disconnected", data: { ...about, code, reason } });
  }
}

/** A controller's id as a part of the name of its cursor, which is the name of a file too. */
function nameOf(id: string): string {
  return /^[\w.:-]{1,64}$/.test(id) ? id : hashOf(id);
}
