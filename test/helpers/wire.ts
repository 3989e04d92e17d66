import {
  decodeAgentFrame,
  subprotocol,
  type AgentFrame,
  type AgentFrameOf,
  type ControllerFrame,
  type ControllerFrameOf,
  type Envelope,
} from "@ostler/protocol";
import { WebSocket } from "ws";
import { until } from "./until.js";

/** A controller that connects to an agent and says exactly what the test says. */
export class Wire implements AsyncDisposable {
  readonly closed: Promise<{ code: number; reason: string }>;
  /** Every event that came, in the order it came in. */
  readonly events: Envelope[] = [];
  readonly #socket: WebSocket;
  readonly #frames: AgentFrame[] = [];

  /** @throws when the agent does not let it in */
  static async connect(url: string, token: string): Promise<Wire> {
    const socket = new WebSocket(url, [subprotocol], { headers: { authorization: `Bearer ${token}` } });
    const wire = new Wire(socket);
    await new Promise((resolve, reject) => socket.on("open", resolve).on("error", reject));
    return wire;
  }

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on("error", () => undefined);
    socket.on("message", (data) => {
      const frame = decodeAgentFrame((data as Buffer).toString());
      if (frame.t === "events") this.events.push(...(frame.events as Envelope[]));
      else this.#frames.push(frame);
    });
    this.closed = new Promise((resolve) =>
      socket.on("close", (code, reason) => resolve({ code, reason: reason.toString() })),
    );
  }

  send(frame: ControllerFrame | Record<string, unknown>): void {
    this.#socket.send(JSON.stringify(frame));
  }

  /** Answers the hello; resolves with it. */
  async welcome(more: Partial<ControllerFrameOf<"welcome">> = {}): Promise<AgentFrameOf<"hello">> {
    const hello = await this.next("hello");
    const controller = { id: "contract", name: "contract", version: "0" };
    this.send({ t: "welcome", proto: 1, controller, heartbeat_s: 30, ...more });
    return hello;
  }

  /** Frames of a kind that came and were not taken by `next`. */
  pending<K extends AgentFrame["t"]>(kind: K): AgentFrameOf<K>[] {
    return this.#frames.filter((frame): frame is AgentFrameOf<K> & AgentFrame => frame.t === kind);
  }

  /** The next frame of a kind; waits for it. */
  async next<K extends AgentFrame["t"]>(kind: K): Promise<AgentFrameOf<K>> {
    const frame = await until(() => this.pending(kind)[0], `a ${kind} comes`);
    this.#frames.splice(this.#frames.indexOf(frame), 1);
    return frame;
  }

  /** Resolves when at least so many events have come. */
  async received(count: number): Promise<Envelope[]> {
    await until(() => this.events.length >= count, `${count} events come`);
    return this.events;
  }

  /** Ends without a closing handshake. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.terminate();
    await this.closed;
  }
}
