import { initialState, type HostEvent } from "@ostler/protocol";
import { Bus, type Published } from "../core/bus.js";
import type { Clock } from "../core/clock.js";
import { FakeClock } from "./fake-clock.js";

/** A real bus, and everything that was published on it. */
export function recordingBus(clock: Clock = new FakeClock()): { bus: Bus; seen: Published[]; types: () => string[] } {
  const bus = new Bus({ state: initialState("epoch"), agentId: "agent", clock });
  const seen: Published[] = [];
  bus.subscribe("recorder", (published) => seen.push(published));
  return { bus, seen, types: () => seen.map(({ event }) => event.type) };
}

/** The event that a service is there, with its checks. */
export function configured(service: string, checks: string[] = [], processes: string[] = ["main"]): HostEvent {
  const readiness = checks.map((name) => ({ name, role: "readiness" as const }));
  return { type: "service.configured", data: { service, processes, checks: readiness } };
}

export function started(service: string, process = "main"): HostEvent {
  return { type: "service.started", data: { service, process, run: 1, pid: 4242, startTicks: 1 } };
}

export function exited(service: string, process = "main"): HostEvent {
  const exit = { kind: "code", code: 1 } as const;
  const end = { exit, cause: "code" as const, uptimeMs: 5, expected: false, whileAway: false };
  const data = { service, process, run: 1, pid: 4242, ...end };
  return { type: "service.exited", data };
}
