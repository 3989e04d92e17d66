import { healthOf, healthReasons, unreadyReasons, type Health } from "@ostler/protocol";
import { sendJson, sendText, wantsJson } from "./answer.js";
import { told } from "./numbers.js";
import type { Exchange, HttpDeps, Route } from "./route.js";

/** Liveness of the agent: it answers for work that is done, not for a process that exists. */
function health({ request, response, deps }: Exchange): void {
  const overdue = deps.overdue();
  const status = overdue.length === 0 ? 200 : 503;
  if (!wantsJson(request))
    return sendText(response, status, overdue.length === 0 ? "OK\n" : `OVERDUE ${overdue.join(" ")}\n`);
  sendJson(response, status, { status: overdue.length === 0 ? "pass" : "fail", overdue });
}

/** One honest picture of everything; 503 when something that should run does not do its work. */
function healthz({ response, deps }: Exchange): void {
  const picture = pictureOf(deps);
  sendJson(response, picture.status === "unhealthy" ? 503 : 200, picture);
}

export function pictureOf({
  state,
  journal,
  overdue,
  uptimeSeconds,
  urls,
  build,
  numbers,
}: HttpDeps): { status: Health } & Record<string, unknown> {
  const { agent, config, services, controllers, maintenance, host } = state();
  const reasons = healthReasons(state(), overdue());
  const { first, durable, bytes } = journal;
  return {
    status: healthOf(reasons),
    reasons,
    node: { id: agent.id, name: agent.name, labels: agent.labels },
    version: build.version,
    uptime_seconds: uptimeSeconds(),
    http: urls(),
    overdue: overdue(),
    degraded: agent.degraded,
    ...(maintenance ? { maintenance } : {}),
    ...(host ? { host } : {}),
    config: {
      hash: config.hash,
      file: config.file,
      applied_at: config.appliedAt,
      ...(config.rejected ? { rejected: config.rejected } : {}),
    },
    services: Object.fromEntries(
      Object.entries(services).map(([name, service]) => [
        name,
        { ...service, reasons: service.ready ? [] : unreadyReasons(service), numbers: told(numbers(name)) },
      ]),
    ),
    controllers: {
      connected: Object.values(controllers).filter(({ connected }) => connected).length,
      total: Object.keys(controllers).length,
    },
    journal: { first_seq: first, last_seq: durable, bytes },
  };
}

/** Readiness of the services, all or one. */
function ready({ request, response, url, deps }: Exchange): void {
  const { services } = deps.state();
  const asked = url.searchParams.get("service");
  const names = asked === null ? Object.keys(services) : [asked];
  const verdicts = names.map((name): [string, { ready: boolean; reasons: string[] }] => {
    const service = Object.hasOwn(services, name) ? services[name] : undefined;
    if (!service) return [name, { ready: false, reasons: ["there is no such service"] }];
    return [name, { ready: service.ready, reasons: service.ready ? [] : unreadyReasons(service) }];
  });
  const all = verdicts.every(([, verdict]) => verdict.ready);
  if (wantsJson(request))
    return sendJson(response, all ? 200 : 503, { ready: all, services: Object.fromEntries(verdicts) });
  sendText(response, all ? 200 : 503, all ? "READY\n" : "NOT READY\n");
}

export const healthRoutes: Route[] = [
  { method: "GET", path: "/health", scope: "read", probe: true, answer: health },
  { method: "GET", path: "/healthz", scope: "read", answer: healthz },
  { method: "GET", path: "/ready", scope: "read", probe: true, answer: ready },
];
