import { own } from "@ostler/protocol";
import type * as z from "zod";
import type { AttachConfig } from "../attach.js";
import type { MetricsConfig } from "../metrics.js";

type Service = {
  attach?: AttachConfig | undefined;
  processes?: Record<string, unknown> | undefined;
  metrics: MetricsConfig;
};

/** Numbers from output that nobody here can see. */
export function refuseUnseenLog({ attach, processes, metrics }: Service, context: z.RefinementCtx): void {
  if (!Array.isArray(metrics.scrape)) return; // Something in it is wrong by itself, and was told.
  for (const [at, { log }] of metrics.scrape.entries()) {
    if (!log) continue;
    const refuse = (message: string, ...path: string[]): void =>
      context.addIssue({ code: "custom", path: ["metrics", "scrape", at, "log", ...path], message });
    if (attach?.pid_file !== undefined)
      refuse("needs output that the agent sees: that of a process it starts, or of a unit of systemd");
    if (attach?.systemd !== undefined && log.stream !== undefined)
      refuse("is not known of a unit of systemd, whose lines are in the journal: leave it out", "stream");
    if (log.process !== undefined && own(processes ?? { main: 0 }, log.process) === undefined)
      refuse("names no process of the service", "process");
  }
}
