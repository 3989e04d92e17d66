import { own } from "@ostler/protocol";
import type * as z from "zod";
import type { AttachConfig } from "../attach.js";
import type { LogSource } from "./log-source.js";

type Service = {
  attach?: AttachConfig | undefined;
  processes?: Record<string, unknown> | undefined;
  tasks: Record<string, unknown>;
  logs: LogSource[];
};

/** Sources that this service cannot have, and patterns that want what it has not. */
export function refuseUnfitLogs({ attach, processes, tasks, logs }: Service, context: z.RefinementCtx): void {
  if (!Array.isArray(logs)) return; // Something in it is wrong by itself, and was told.
  for (const [at, { stdout, file, journal, patterns }] of logs.entries()) {
    const refuse = (message: string, ...path: (string | number)[]): void =>
      context.addIssue({ code: "custom", path: ["logs", at, ...path], message });
    const isOutput = file === undefined && journal === undefined;
    if (isOutput && attach?.pid_file !== undefined)
      refuse("needs output that the agent sees: give it a file, or the journal of a unit");
    if (stdout && attach?.systemd !== undefined)
      refuse("is in the journal, of a unit of systemd: write `journal: true`", "stdout");
    if (journal === true && attach?.systemd === undefined)
      refuse("needs the name of a unit: this service is none that is attached by systemd", "journal");
    if (stdout?.process !== undefined && own(processes ?? { main: 0 }, stdout.process) === undefined)
      refuse("names no process of the service", "stdout", "process");
    for (const [index, { action }] of patterns.entries())
      if (action?.do === "task" && own(tasks, action.task) === undefined)
        refuse("names no task of the service", "patterns", index, "action", "task");
  }
}
