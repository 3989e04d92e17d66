import { sendJson } from "./answer.js";
import type { Exchange, Route } from "./route.js";

/** The backups of all services, newest first, and what could not be looked at. */
async function backups({ response, deps, signal }: Exchange): Promise<void> {
  sendJson(response, 200, await deps.backups(signal));
}

export const backupRoutes: Route[] = [{ method: "GET", path: "/v1/backups", scope: "read", answer: backups }];
