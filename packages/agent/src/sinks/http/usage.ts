import { sendJson } from "./answer.js";
import type { Exchange, Route } from "./route.js";

/** What each process of a service uses, and the most it has used; without those that do not run. */
function usage({ response, params, deps }: Exchange): void {
  sendJson(response, 200, deps.usage(params.service ?? ""));
}

export const usageRoutes: Route[] = [
  { method: "GET", path: "/v1/services/:service/usage", scope: "read", answer: usage },
];
