import { notFound, own } from "@ostler/protocol";
import type { Handler } from "../core/dispatcher.js";
import type { DebugHands } from "./begin-debug.js";

export function endDebug({ watch, services, apply }: DebugHands): Handler<"debug.off"> {
  return async ({ service }, { actor, signal }) => {
    if (!own(services(), service)) throw notFound("service", service, Object.keys(services()));
    watch.end(service, actor);
    await apply(service, signal);
    return {};
  };
}
