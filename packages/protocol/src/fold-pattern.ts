import type { HostEvent } from "./events/index.js";
import { own, without } from "./own.js";
import type { PatternState, ServiceState } from "./state.js";

type PatternEvent = Extract<HostEvent, { type: "pattern.matched" | "pattern.missed" | "pattern.removed" }>;

/** Of a longer line the state has only the beginning: it goes over the wire as a whole. */
const maxLine = 200;

/** What an event of a pattern makes of its service. */
export function foldPattern(service: ServiceState, event: PatternEvent, time: string): ServiceState {
  const { pattern } = event.data;
  switch (event.type) {
    case "pattern.matched": {
      const { line, captures } = event.data;
      return withPattern(service, pattern, {
        seenAt: time,
        line: line.slice(0, maxLine),
        ...(captures ? { captures } : {}),
      });
    }
    case "pattern.missed": {
      const { process, run } = event.data;
      const before = own(service.patterns ?? {}, pattern);
      return withPattern(service, pattern, { ...before, missed: { at: time, process, run } });
    }
    case "pattern.removed":
      return { ...service, patterns: without(service.patterns ?? {}, pattern) };
    default:
      return event satisfies never;
  }
}

function withPattern(service: ServiceState, pattern: string, its: PatternState): ServiceState {
  return { ...service, patterns: { ...service.patterns, [pattern]: its } };
}
