import {
  closeCodes,
  commonVersion,
  OstlerError,
  protocolVersions,
  type AgentFrame,
  type AgentFrameOf,
} from "@ostler/protocol";
import type { WebSocket } from "ws";
import { Link } from "./link.js";

/** What the owner of a session, a Host, does with what comes. */
export type SessionOwner = {
  resume(): { epoch: string; from: number } | undefined;
  /** The agent is welcome; frames may be sent through the link. */
  opened(link: Link, hello: AgentFrameOf<"hello">): void;
  frame(frame: AgentFrame): void;
  closed(code: number, reason: string): void;
};

/** How a controller presents itself, and what it can take. */
export type Identity = { id: string; name: string; heartbeatMs: number };
export type SessionLimits = { helloMs: number };

export const defaultHeartbeatMs = 30_000;
const defaultLimits: SessionLimits = { helloMs: 10_000 };
const window = { events: 8192, bytes: 4 * 1024 * 1024 };

/** Speaks the controller's side of the protocol on an open WebSocket, until it closes. */
export function runSession(
  socket: WebSocket,
  identity: Identity,
  owner: SessionOwner,
  { helloMs }: SessionLimits = defaultLimits,
): Link {
  const timer = setTimeout(() => socket.close(closeCodes.handshakeTimeout, "no hello came in time"), helloMs);
  let welcomed = false;
  const link = new Link(socket, {
    frame: (frame) => {
      if (frame.t === "hello") {
        if (welcomed) throw new OstlerError("bad-protocol", "There was a hello already.");
        clearTimeout(timer);
        welcomed = welcome(link, frame, identity, owner);
      } else if (welcomed) owner.frame(frame);
      else if (frame.t !== "error" && frame.t !== "bye" && frame.t !== "goaway")
        link.close(closeCodes.protocol, `the first frame must be hello, not ${frame.t}`);
    },
    closed: (code, reason) => {
      clearTimeout(timer);
      owner.closed(code, reason);
    },
  });
  return link;
}

function welcome(
  link: Link,
  hello: AgentFrameOf<"hello">,
  { id, name, heartbeatMs }: Identity,
  owner: SessionOwner,
): boolean {
  const version = commonVersion(hello.proto);
  if (version === undefined) {
    link.send({
      t: "error",
      code: "no-common-version",
      message: `Versions ${protocolVersions.join(", ")} are spoken here.`,
    });
    link.close(closeCodes.noCommonVersion, "no common version");
    return false;
  }
  const resume = owner.resume();
  link.send({
    t: "welcome",
    proto: version,
    controller: { id, name, version: "sdk" },
    heartbeat_s: heartbeatMs / 1000,
    window,
    events: [],
    ...(resume ? { resume } : {}),
  });
  link.keepAlive(heartbeatMs);
  owner.opened(link, hello);
  return true;
}
