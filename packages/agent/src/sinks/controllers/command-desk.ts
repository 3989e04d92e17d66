import { allows, commands, matchesGlob, OstlerError, type ControllerFrameOf } from "@ostler/protocol";
import type { Authority, CommandResult, Dispatcher } from "../../core/dispatcher.js";
import type { Link } from "./link.js";
import type { Peer } from "./session.js";

/** Where a session's commands are taken in and their results handed out. */
export class CommandDesk {
  /** Commands of one session that may be open at the same time. */
  static readonly maxOpen = 16;

  readonly #link: Link;
  readonly #peer: Peer;
  readonly #dispatcher: Dispatcher;
  readonly #open = new Set<string>();

  constructor(link: Link, peer: Peer, { dispatcher }: { dispatcher: Dispatcher }) {
    this.#link = link;
    this.#peer = peer;
    this.#dispatcher = dispatcher;
  }

  /** Answers at once whether the command is taken; its result follows, also to who asks again. */
  async take({ id, name, args, reason, expires, timeout_s }: ControllerFrameOf<"cmd">): Promise<void> {
    if (!this.#open.has(id) && this.#open.size >= CommandDesk.maxOpen) {
      const message = `${CommandDesk.maxOpen} commands of this session are open already.`;
      return this.#link.send({ t: "cmd_ack", id, status: "rejected", code: "busy", message });
    }
    this.#open.add(id);
    try {
      const dispatched = await this.#dispatcher.dispatch({
        id,
        name,
        args,
        actor: { kind: "controller", name: this.#peer.name },
        authority: this.#peer.authority,
        ...(reason === undefined ? {} : { reason }),
        ...(expires === undefined ? {} : { expiresMs: Date.parse(expires) }),
        ...(timeout_s === undefined ? {} : { timeoutMs: timeout_s * 1000 }),
      });
      if (dispatched.status === "rejected") {
        const { code, message } = dispatched;
        return this.#link.send({ t: "cmd_ack", id, status: "rejected", code, message });
      }
      this.#link.send({ t: "cmd_ack", id, status: dispatched.status });
      this.#sendResult(id, await dispatched.result);
    } catch (failure) {
      const { code, message } = OstlerError.from(failure);
      this.#link.send({ t: "error", code, message, ref: id });
    } finally {
      this.#open.delete(id);
    }
  }

  /** Only what this session sent can it withdraw. */
  cancel(id: string): void {
    if (this.#open.has(id)) this.#dispatcher.cancel(id);
  }

  #sendResult(id: string, { outcome, code, message, data, lastSeq }: CommandResult): void {
    this.#link.send({
      t: "cmd_result",
      id,
      status: outcome,
      last_seq: lastSeq,
      ...(code === undefined ? {} : { code }),
      ...(message === undefined ? {} : { message }),
      ...(data === undefined ? {} : { data }),
    });
  }
}

/** Names of the commands that somebody may send. */
export function commandsAllowed({ scopes, commands: globs }: Authority): string[] {
  return Object.entries(commands)
    .filter(
      ([name, { scope }]) =>
        allows(scopes, scope) && (globs === undefined || globs.some((glob) => matchesGlob(glob, name))),
    )
    .map(([name]) => name);
}
