import { closeCodes, OstlerError, type AgentFrame, type AgentFrameOf, type ControllerFrame } from "@ostler/protocol";
import type { Link } from "./link.js";
import { runSession, type Identity, type SessionOwner } from "./session.js";

/** How a connection ended. */
export type Ended = { code: number; reason: string };

export type LinksOwner = {
  resume: SessionOwner["resume"];
  /** Another connection is in use now. */
  opened: () => void;
  frame: (frame: AgentFrame, link: Link) => void;
  /** One has ended; which may be one that is not in use any more. */
  closed: () => void;
};

const leaving = "the controller leaves";

/** The connections with one agent: the newest is in use, and those before it are closed. */
export class Links {
  readonly #identity: Identity;
  readonly #owner: LinksOwner;
  /** Every connection that is not closed yet; `#link` is the one that is in use. */
  readonly #links = new Set<Link>();
  #link: Link | undefined;
  #hello: AgentFrameOf<"hello"> | undefined;
  #ended: Ended | undefined;
  #isLeaving = false;

  constructor(identity: Identity, owner: LinksOwner) {
    this.#identity = identity;
    this.#owner = owner;
  }

  get isConnected(): boolean {
    return this.#link !== undefined;
  }

  /** What the agent said of itself when it last connected. */
  get agent(): AgentFrameOf<"hello">["agent"] | undefined {
    return this.#hello?.agent;
  }

  /** How the last connection ended. */
  get ended(): Ended | undefined {
    return this.#ended;
  }

  /** Says whether there is a connection to send it on. */
  send(frame: ControllerFrame): boolean {
    this.#link?.send(frame);
    return this.isConnected;
  }

  close(code: number, reason: string): void {
    this.#link?.close(code, reason);
  }

  /** Speaks with the agent on an open WebSocket; an earlier connection is closed. Resolves when it has ended. */
  accept(socket: Parameters<typeof runSession>[0]): Promise<Ended> {
    return new Promise((resolve) => {
      const link = runSession(socket, this.#identity, {
        resume: this.#owner.resume,
        opened: (link, hello) => {
          this.close(4409, "a newer session of this agent");
          this.#link = link;
          this.#hello = hello;
          this.#owner.opened();
        },
        frame: (frame) => this.#owner.frame(frame, link),
        closed: (code, reason) => {
          this.#links.delete(link);
          if (this.#link === link) this.#link = undefined;
          this.#ended = { code, reason };
          this.#owner.closed();
          resolve(this.#ended);
        },
      });
      this.#links.add(link);
      if (this.#isLeaving) void link.leave(leaving);
    });
  }

  /** Says goodbye on all of them, and on those that come after this. */
  async leave(): Promise<void> {
    this.#isLeaving = true;
    await Promise.all([...this.#links].map((link) => link.leave(leaving)));
  }
}

/** What a connection to this URL that ended so is for whoever wanted it. */
export function endOf(url: string, { code, reason }: Ended): OstlerError {
  const message = `${url} closed with ${code} ${reason}`.trim();
  if (code === closeCodes.unauthorized) return new OstlerError("unauthorized", message);
  return new OstlerError(code === closeCodes.forbidden ? "not-permitted" : "unreachable", message);
}
