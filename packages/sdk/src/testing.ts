import { randomUUID } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import {
  closeCodes,
  decodeControllerFrame,
  envelopeOf,
  fold,
  hashOf,
  initialState,
  maxFrameBytes,
  messageOf,
  OstlerError,
  protocolVersions,
  subprotocol,
  type AgentFrame,
  type ControllerFrame,
  type ControllerFrameOf,
  type Envelope,
  type ForeignEvent,
  type HostEvent,
  type HostState,
} from "@ostler/protocol";
import { WebSocket, WebSocketServer } from "ws";
import { tokens } from "./auth.js";
import { dial } from "./connection/dial.js";
import { socketOptions } from "./connection/socket-options.js";
import { FakeLogs, type FakeLine } from "./fake-logs.js";
import { Signal } from "./signal.js";

export type FakeCommand = Pick<ControllerFrameOf<"cmd">, "id" | "name" | "args"> & { reason?: string };

export type FakeAgentOptions = {
  name?: string;
  /** What it presents to a controller; where it listens, what a controller must present. */
  token?: string;
  /** Does what a command says and returns its data; throw an OstlerError to fail it. */
  onCommand?: (command: FakeCommand, agent: FakeAgent) => unknown;
};

/** A welcomed connection: up to where events were sent and acknowledged on it, and how many may be sent ahead. */
type Session = { sent: number; acked: number; window: number; heartbeat: NodeJS.Timeout };

/** A frame of events is closed when it has this many bytes. */
const batchBytes = 256 * 1024;

/**
 * An agent for the tests of controllers: it speaks the real protocol on a real WebSocket, and everything that it would find
 * out about its host is what the test publishes. Its journal is in memory, so it survives every loss of the connection.
 * It has one connection at a time: a new one takes the place of the one before.
 */
export class FakeAgent implements AsyncDisposable {
  readonly name: string;
  readonly id = randomUUID();
  readonly epoch = randomUUID().slice(0, 8);
  readonly #options: FakeAgentOptions;
  readonly #journal: Envelope[] = [];
  readonly #results = new Map<string, Promise<AgentFrame>>();
  readonly #changed = new Signal();
  readonly #logs = new FakeLogs((frame) => this.#send(frame));
  #url: string;
  #server: Server | undefined;
  #state: HostState;
  #socket: WebSocket | undefined;
  #session: Session | undefined;
  #acked = 0;

  /** Connects to a controller that listens. @throws OstlerError `unreachable`, `unauthorized` */
  static async connect(url: string, options: FakeAgentOptions = {}): Promise<FakeAgent> {
    const agent = new FakeAgent(url, options);
    await agent.connect();
    return agent;
  }

  /** Waits for a controller that connects to its `url`. */
  static async listen(options: FakeAgentOptions = {}): Promise<FakeAgent> {
    const agent = new FakeAgent("", options);
    await agent.#listen();
    return agent;
  }

  private constructor(url: string, options: FakeAgentOptions) {
    this.#url = url;
    this.#options = options;
    this.name = options.name ?? "fake";
    this.#state = initialState(this.epoch);
    const started = {
      agentId: this.id,
      name: this.name,
      version: "0.0.0-fake",
      node: "",
      pid: 1,
      session: randomUUID(),
      bootId: "fake",
      labels: {},
    };
    this.publish({ type: "agent.started", data: started });
  }

  /** Where it connects to, or where it listens. */
  get url(): string {
    return this.#url;
  }

  get state(): HostState {
    return this.#state;
  }

  /** Up to where the controller has acknowledged. */
  get acked(): number {
    return this.#acked;
  }

  /** Publishes an event of a host; returns its seq. */
  publish(event: HostEvent | ForeignEvent): number {
    const position = { epoch: this.epoch, seq: this.#state.seq + 1, time: new Date().toISOString() };
    this.#state = fold(this.#state, event, position);
    this.#journal.push(envelopeOf(event, this.id, position));
    this.#sendEvents();
    return position.seq;
  }

  /** Writes a line to the log of a service, for whoever reads it. */
  log(line: FakeLine): void {
    this.#logs.write(line);
  }

  /** Connects again, or to another controller; resolves when that has welcomed it. */
  async connect(url = this.#url): Promise<void> {
    const { token } = this.#options;
    this.#url = url;
    const options = { url, ...(token === undefined ? {} : { token }) };
    const socket = await dial(options, new AbortController().signal);
    this.#speak(socket);
    await new Promise<void>((resolve, reject) => {
      socket.on("message", () => this.#session && this.#socket === socket && resolve());
      socket.on("close", (code, reason) =>
        reject(new OstlerError("unreachable", `The controller closed with ${code} ${reason.toString()}`)),
      );
    });
  }

  /** Loses the connection, as by a network that fails. */
  async disconnect(): Promise<void> {
    const socket = this.#socket;
    if (!socket || socket.readyState === WebSocket.CLOSED) return;
    const closed = new Promise((resolve) => socket.once("close", resolve));
    socket.terminate();
    await closed;
  }

  /** Resolves when the controller has acknowledged this seq. */
  async acknowledged(seq: number, signal: AbortSignal = AbortSignal.timeout(10_000)): Promise<void> {
    while (this.#acked < seq) {
      if (signal.aborted) throw new OstlerError("timed-out", `${seq} was not acknowledged; ${this.#acked} was.`);
      await this.#changed.next(signal);
    }
  }

  /** Sends any text, to see how the controller takes it. */
  sendRaw(text: string): void {
    this.#socket?.send(text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.disconnect();
    await new Promise<void>((resolve) => {
      if (!this.#server) return resolve();
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  async #listen(): Promise<void> {
    const { token } = this.#options;
    const isKnown = token === undefined ? () => "" : tokens({ "": token });
    const sockets = new WebSocketServer({ ...socketOptions, noServer: true, clientTracking: false });
    const server = createServer((_, response) => response.writeHead(426).end());
    server.on("upgrade", (request, socket, head) => {
      if (isKnown(request) === undefined) return void socket.end("HTTP/1.1 401 Unauthorized\r\n\r\n");
      sockets.handleUpgrade(request, socket, head, (opened) => this.#speak(opened));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    this.#server = server;
    this.#url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/v1/stream`;
  }

  #speak(socket: WebSocket): void {
    this.#socket?.close(closeCodes.duplicateSession, "a newer session of this controller");
    this.#end();
    this.#socket = socket;
    socket.on("error", () => undefined); // Always followed by `close`.
    socket.on("message", (data) => this.#socket === socket && this.#receive((data as Buffer).toString()));
    socket.on("close", () => this.#socket === socket && this.#end());
    socket.resume();
    this.#hello();
  }

  #end(): void {
    clearInterval(this.#session?.heartbeat);
    this.#session = undefined;
    this.#socket = undefined;
    this.#logs.closeAll();
  }

  #hello(): void {
    this.#send({
      t: "hello",
      proto: [...protocolVersions],
      agent: { id: this.id, name: this.name, version: "0.0.0-fake", labels: {} },
      boot: "fake",
      session: this.#state.agent.session,
      caps: [],
      limits: { max_frame: maxFrameBytes, max_inflight_cmds: 16 },
      stream: { epoch: this.epoch, first: 1, next: this.#state.seq + 1, acked: this.#acked },
    });
  }

  #receive(text: string): void {
    try {
      this.#take(decodeControllerFrame(text));
    } catch (failure) {
      const { code, message } = OstlerError.from(failure);
      this.#send({ t: "error", code, message });
    }
  }

  #take(frame: ControllerFrame): void {
    switch (frame.t) {
      case "welcome":
        return this.#welcome(frame);
      case "want_state":
        return this.#sendState();
      case "ack":
        return this.#ack(frame);
      case "cmd":
        return void this.#runOnce(frame);
      case "logs_open":
        return this.#logs.open(frame);
      case "logs_close":
        return this.#logs.close(frame.id);
      case "cmd_result_ack":
      case "cmd_cancel":
      case "heartbeat":
      case "error":
      case "goaway":
      case "bye":
        return;
      default:
        return frame satisfies never;
    }
  }

  #welcome({ resume, window, heartbeat_s }: ControllerFrameOf<"welcome">): void {
    const { epoch = this.epoch, from: wanted } = resume ?? { from: this.#acked + 1 };
    const from = epoch === this.epoch ? wanted : 1;
    if (epoch !== this.epoch) this.#send({ t: "gap", epoch, from: wanted, to: wanted, count: 0, reason: "epoch" });
    const heartbeat = setInterval(() => this.#beat(), (heartbeat_s * 1000) / 2);
    this.#session = { sent: from - 1, acked: from - 1, window: window.events, heartbeat };
    this.#sendState();
    this.#sendEvents();
  }

  #ack({ epoch, upto }: ControllerFrameOf<"ack">): void {
    if (!this.#session || epoch !== this.epoch || upto > this.#session.sent)
      throw new OstlerError(
        "bad-request",
        `Cannot acknowledge ${epoch}-${upto}: it was never sent on this connection.`,
      );
    this.#session.acked = Math.max(this.#session.acked, upto);
    this.#acked = Math.max(this.#acked, upto);
    this.#changed.fire();
    this.#sendEvents();
  }

  async #runOnce(command: ControllerFrameOf<"cmd">): Promise<void> {
    const { id } = command;
    const known = this.#results.get(id);
    this.#send({ t: "cmd_ack", id, status: known ? "duplicate" : "accepted" });
    const result = known ?? this.#run(command);
    this.#results.set(id, result);
    this.#send(await result);
  }

  /** As in the real one, what a command brings about is told before its result. */
  async #run({ id, name, args, reason }: ControllerFrameOf<"cmd">): Promise<AgentFrame> {
    const startedMs = performance.now();
    const actor = { kind: "controller" as const, name: "controller" };
    const why = reason === undefined ? {} : { reason };
    this.publish({ type: "command.accepted", data: { id, name, args, actor, ...why } });
    const ended = await this.#perform({ id, name, args, ...why });
    const { status: outcome, ...rest } = ended;
    const tookMs = Math.round(performance.now() - startedMs);
    const seq = this.publish({ type: "command.finished", data: { id, name, actor, outcome, ...rest, tookMs } });
    return { t: "cmd_result", id, ...ended, last_seq: seq };
  }

  async #perform(
    command: FakeCommand,
  ): Promise<{ status: "succeeded"; data: unknown } | { status: "failed"; code: string; message: string }> {
    try {
      return { status: "succeeded", data: (await this.#options.onCommand?.(command, this)) ?? {} };
    } catch (failure) {
      return { status: "failed", code: OstlerError.from(failure).code, message: messageOf(failure) };
    }
  }

  #sendState(): void {
    this.#send({ t: "state", rev: 1, at_seq: this.#state.seq, hash: hashOf(this.#state), full: this.#state });
  }

  #sendEvents(): void {
    const session = this.#session;
    if (!session) return;
    for (;;) {
      const batch = this.#batchFrom(session.sent, session.acked + session.window - session.sent);
      if (batch.length === 0) return;
      session.sent += batch.length;
      this.#send({ t: "events", epoch: this.epoch, events: batch });
    }
  }

  #batchFrom(start: number, most: number): Envelope[] {
    let end = start;
    for (let bytes = 0; end < this.#journal.length && end - start < most && bytes < batchBytes; end++)
      bytes += JSON.stringify(this.#journal[end]).length;
    return this.#journal.slice(start, end);
  }

  #beat(): void {
    const { seq } = this.#state;
    this.#send({ t: "heartbeat", hash: hashOf(this.#state), seq, next: seq + 1, lag_ms: 0 });
  }

  #send(frame: AgentFrame): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame));
  }
}

export { closeCodes, subprotocol };
export type { FakeLine } from "./fake-logs.js";
export { until } from "./until.js";
