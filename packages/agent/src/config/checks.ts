import { checkRole } from "@ostler/protocol";
import * as z from "zod";
import { setting } from "./setting.js";
import { address, command, duration, environment, name, span } from "./values.js";

const common = {
  name: setting(name, "Shown in events, metrics and /ready; unique in its service"),
  role: setting(
    checkRole.default("readiness"),
    "`readiness`: while it fails the service is not ready. `liveness`: when it fails the service is restarted",
  ),
  process: setting(
    name.optional(),
    "The process that a failed liveness check restarts; all of the service when absent",
  ),
  every: setting(span.prefault("10s"), "Time from one probe to the next"),
  timeout: setting(span.prefault("2s"), "A probe that takes longer has failed"),
  initial_delay: setting(duration.prefault("0s"), "Time after a start of the service before the first probe"),
  failures: setting(z.int().min(1).max(1000).default(3), "Failed probes in a row that make the check fail"),
  successes: setting(z.int().min(1).max(1000).default(1), "Passed probes in a row that make the check pass"),
};

const httpCheck = z.strictObject({
  ...common,
  kind: z.literal("http"),
  url: setting(
    z.url({ protocol: /^https?$/, error: "must be an http:// or https:// URL" }),
    "Asked with GET; redirects are not followed",
  ),
  headers: setting(z.record(z.string(), z.string()).default({}), "Sent with the request", { secret: "by-name" }),
  status: setting(z.array(z.int().min(100).max(599)).default([]), "Accepted statuses; any 2xx when empty"),
});

const tcpCheck = z.strictObject({
  ...common,
  kind: z.literal("tcp"),
  address: setting(address, "`host:port` that must accept a connection"),
});

const execCheck = z.strictObject({
  ...common,
  kind: z.literal("exec"),
  command: setting(command, "Program and arguments; exit code 0 passes"),
  env: setting(environment.default({}), "Added to PATH, HOME and the like", { secret: "by-name" }),
});

export const checkConfig = z.discriminatedUnion("kind", [httpCheck, tcpCheck, execCheck]);
export type CheckConfig = z.output<typeof checkConfig>;
export type HttpCheck = z.output<typeof httpCheck>;
export type TcpCheck = z.output<typeof tcpCheck>;
export type ExecCheck = z.output<typeof execCheck>;
