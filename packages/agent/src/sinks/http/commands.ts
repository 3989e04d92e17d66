import { randomUUID } from "node:crypto";
import { allows, commands, isCommandName, OstlerError, own } from "@ostler/protocol";
import * as z from "zod";
import { readJson, sendJson } from "./answer.js";
import type { Exchange, Route } from "./route.js";

const maxBodyBytes = 64 * 1024;

const body = z.strictObject({
  name: z.string().min(1).max(128),
  args: z.record(z.string(), z.unknown()).default({}),
  id: z.string().min(1).max(128).optional(),
  reason: z.string().max(4096).optional(),
  timeout_s: z.number().positive().max(86_400).optional(),
});

/** Accepts a command and answers 202 with its id; with `?wait` it answers 200 with the result. */
async function post({ request, response, url, principal, deps, signal }: Exchange): Promise<void> {
  const parsed = body.safeParse(await readJson(request, maxBodyBytes));
  if (!parsed.success)
    throw new OstlerError("bad-request", `The body is not a command: ${z.prettifyError(parsed.error)}`);
  const { id = randomUUID(), name, args, reason, timeout_s } = parsed.data;
  const dispatched = await deps.dispatcher.dispatch({
    id,
    name,
    args,
    actor: principal.actor,
    authority: principal,
    ...(reason === undefined ? {} : { reason }),
    ...(timeout_s === undefined ? {} : { timeoutMs: timeout_s * 1000 }),
  });
  if (dispatched.status === "rejected") throw new OstlerError(dispatched.code, dispatched.message);
  const { status, result } = dispatched;
  const location = { location: `/v1/commands/${encodeURIComponent(id)}` };
  if (!url.searchParams.has("wait")) return sendJson(response, 202, { id, status }, location);
  const ended = await Promise.race([result, gone(signal)]);
  if (ended) sendJson(response, 200, { id, ...ended }, location);
}

function get({ response, params, deps }: Exchange): void {
  const id = params.id ?? "";
  const command = Object.hasOwn(deps.state().commands, id) ? deps.state().commands[id] : undefined;
  if (!command) throw new OstlerError("not-found", `No command "${id}" is remembered; the last ones are.`);
  sendJson(response, command.outcome ? 200 : 202, { id, ...command });
}

/** Withdraws a command that waits or runs; what comes of that is its result. */
function cancel({ response, params, principal, deps }: Exchange): void {
  const id = params.id ?? "";
  const command = own(deps.state().commands, id);
  if (!command) throw new OstlerError("not-found", `No command "${id}" is remembered; the last ones are.`);
  if (isCommandName(command.name) && !allows(principal.scopes, commands[command.name].scope))
    throw new OstlerError("not-permitted", `"${command.name}" may only be withdrawn by who may send it.`);
  deps.dispatcher.cancel(id);
  sendJson(response, 202, { id });
}

function gone(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(undefined)));
}

export const commandRoutes: Route[] = [
  { method: "POST", path: "/v1/commands", scope: "write", answer: post },
  { method: "POST", path: "/v1/commands/:id/cancel", scope: "write", answer: cancel },
  { method: "GET", path: "/v1/commands/:id", scope: "read", answer: get },
];
