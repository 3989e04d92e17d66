import { send, sendJson } from "./answer.js";
import type { Route } from "./route.js";

/** What can be read at once: metrics, version, state, configuration. */
export const observeRoutes: Route[] = [
  {
    method: "GET",
    path: "/metrics",
    scope: "read",
    probe: true,
    answer: async ({ request, response, deps }) => {
      const { contentType, body } = await deps.metrics(request.headers.accept ?? "");
      send(response, 200, contentType, body);
    },
  },
  {
    method: "GET",
    path: "/version",
    scope: "read",
    answer: ({ response, deps }) => sendJson(response, 200, deps.build),
  },
  {
    method: "GET",
    path: "/v1/state",
    scope: "read",
    answer: ({ response, deps }) => sendJson(response, 200, deps.state()),
  },
  {
    method: "GET",
    path: "/v1/config",
    scope: "read",
    answer: ({ response, deps }) => sendJson(response, 200, deps.redactedConfig()),
  },
];
