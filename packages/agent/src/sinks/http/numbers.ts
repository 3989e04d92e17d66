import { notFound, own, without, type Labels } from "@ostler/protocol";
import type { Sight } from "../../core/series.js";
import { sendJson } from "./answer.js";
import type { Exchange, Route } from "./route.js";

/** So many series of one number are told; /metrics has all. */
const maxReadings = 50;

/** A number as it is told: its series with their age, or why there is none. */
export type ToldNumber =
  | { is: "seen"; readings: { labels: Labels; value: number; at: string }[] }
  | { is: "absent" | "unreachable"; reason: string };

export function told(numbers: Readonly<Record<string, Sight>>): Record<string, ToldNumber> {
  return Object.fromEntries(Object.entries(numbers).map(([name, sight]) => [name, tell(sight)]));
}

function tell(sight: Sight): ToldNumber {
  if (sight.is !== "seen") return sight;
  const readings = sight.readings.slice(0, maxReadings).map(({ labels, value, atMs }) => ({
    labels: without(labels, "service"),
    value,
    at: new Date(atMs).toISOString(),
  }));
  return { is: "seen", readings };
}

/** The numbers of a service that its configuration asks for one by one. */
function numbers({ response, params, deps }: Exchange): void {
  const { service = "" } = params;
  const { services } = deps.state();
  if (!own(services, service)) throw notFound("service", service, Object.keys(services));
  sendJson(response, 200, told(deps.numbers(service)));
}

export const numberRoutes: Route[] = [
  { method: "GET", path: "/v1/services/:service/numbers", scope: "read", answer: numbers },
];
