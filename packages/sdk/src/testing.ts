import { randomUUID } from "node:crypto";
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
import { WebSocket } from "ws";
import { dial } from "./connection/dial.js";
import { Signal } from "./signal.js";

export type FakeCommand = Pick<ControllerFrameOf<"cmd">, "id" | "name" | "args"> & { reason?: string };

export type FakeAgentOptions = {
  name?: string;
  token?: string;
  /** Does what a command says and returns its data; throw an OstlerError to fail it. */
  onCommand?: (command: FakeCommand, agent: FakeAgent) => unknown;
};

/**
 * An agent for the tests of controllers: it speaks the real protocol on a real WebSocket, and everything that it would find
 * out about its host is what the test publishes. Its journal is in memory, so it survives `disconnect` and `connect`.
 */
export class FakeAgent implements AsyncDisposable {
  readonly name: string;
  readonly id = randomUUID();
  readonly epoch = randomUUID().slice(0, 8);
  readonly #url: string;
  readonly #options: FakeAgentOptions;
  readonly #journal: Envelope[] = [];
  readonly #results = new Map<string, Promise<AgentFrame>>();
  readonly #changed = new Signal();
  #state: HostState;
  #socket: WebSocket | undefined;
  /** Up to where the events were sent on this connection; nothing before the welcome. */
  #sent: number | undefined;
  #acked = 0;

  /** Connects to a controller that listens. @throws OstlerError `unreachable`, `unauthorized` */
  static async connect(url: string, options: FakeAgentOptions = {}): Promise<FakeAgent> {
    const agent = new FakeAgent(url, options);
    await agent.connect();
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

  /** Resolves when the controller has welcomed it. */
  async connect(): Promise<void> {
    const { token } = this.#options;
    const socket = await dial(
      { url: this.#url, ...(token === undefined ? {} : { token }) },
      new AbortController().signal,
    );
    this.#socket = socket;
    const welcomed = new Promise<void>((resolve, reject) => {
      socket.on("message", (data) => {
        const frame = decodeControllerFrame((data as Buffer).toString());
        this.#take(frame);
        if (frame.t === "welcome") resolve();
      });
      socket.on("close", (code, reason) =>
        reject(new OstlerError("unreachable", `The controller closed with ${code} ${reason.toString()}`)),
      );
    });
    socket.on("error", () => undefined); // Always followed by `close`.
    socket.resume();
    this.#hello();
    await welcomed;
  }

  /** Loses the connection, as by a network that fails. */
  async disconnect(): Promise<void> {
    const socket = this.#socket;
    this.#socket = undefined;
    this.#sent = undefined;
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

  #take(frame: ControllerFrame): void {
    switch (frame.t) {
      case "welcome":
        this.#sent = (frame.resume?.epoch === this.epoch ? frame.resume.from : 1) - 1;
        this.#sendState();
        return this.#sendEvents();
      case "want_state":
        return this.#sendState();
      case "ack":
        this.#acked = Math.max(this.#acked, frame.upto);
        return this.#changed.fire();
      case "cmd":
        return void this.#runOnce(frame);
      case "cmd_result_ack":
      case "cmd_cancel":
      case "logs_open":
      case "logs_close":
      case "heartbeat":
      case "error":
      case "goaway":
      case "bye":
        return;
      default:
        return frame satisfies never;
    }
  }

  async #runOnce(command: ControllerFrameOf<"cmd">): Promise<void> {
    const { id } = command;
    const known = this.#results.get(id);
    this.#send({ t: "cmd_ack", id, status: known ? "duplicate" : "accepted" });
    const result = known ?? this.#run(command);
    this.#results.set(id, result);
    this.#send(await result);
  }

  async #run({ id, name, args, reason }: ControllerFrameOf<"cmd">): Promise<AgentFrame> {
    try {
      const data = await this.#options.onCommand?.(
        { id, name, args, ...(reason === undefined ? {} : { reason }) },
        this,
      );
      return { t: "cmd_result", id, status: "succeeded", data: data ?? {}, last_seq: this.#state.seq };
    } catch (failure) {
      const { code } = OstlerError.from(failure);
      return { t: "cmd_result", id, status: "failed", code, message: messageOf(failure), last_seq: this.#state.seq };
    }
  }

  #sendState(): void {
    this.#send({ t: "state", rev: 1, at_seq: this.#state.seq, hash: hashOf(this.#state), full: this.#state });
  }

  #sendEvents(): void {
    if (this.#sent === undefined || this.#sent >= this.#journal.length) return;
    this.#send({ t: "events", epoch: this.epoch, events: this.#journal.slice(this.#sent) });
    this.#sent = this.#journal.length;
  }

  #send(frame: AgentFrame): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame));
  }
}

export { closeCodes, subprotocol };
