import { OstlerError } from "@ostler/protocol";
import * as z from "zod";
import { readJson, sendJson } from "./answer.js";
import type { Exchange, Route } from "./route.js";

const maxBodyBytes = 8 * 1024;
/** So much of what a service says of itself is kept. */
const maxReason = 500;

const body = z.strictObject({
  status: z.enum(["passed", "warned", "failed"]).default("passed"),
  reason: z.string().max(maxReason).default("the service says so itself"),
});

/** A service says how it is; without a body it says that it is well. Whoever may see its health may say it, unless the check has a secret. */
async function push({ request, response, params, deps }: Exchange): Promise<void> {
  const { service = "", check = "" } = params;
  const parsed = body.safeParse(await readJson(request, maxBodyBytes, {}));
  if (!parsed.success)
    throw new OstlerError("bad-request", `The body does not say how a service is: ${z.prettifyError(parsed.error)}`);
  const secret = request.headers["x-push-secret"];
  deps.push({ service, check, ...parsed.data, ...(typeof secret === "string" ? { secret } : {}) });
  sendJson(response, 202, {});
}

export const pushRoutes: Route[] = [
  { method: "POST", path: "/v1/checks/:service/:check", scope: "read", answer: push },
];
