import { OstlerError } from "@ostler/protocol";
import { duration } from "../config/values.js";
import { Client } from "./client.js";
import { controlSocket, type Globals } from "./globals.js";
import { print, printJson } from "./output.js";

type Options = Globals & { reason?: string; timeout?: string };

const done = {
  start: "runs",
  stop: "is stopped",
  restart: "was restarted",
  isolate: "is isolated",
  release: "is released",
};

/** Starts, stops or restarts a service or one process of it, isolates or releases a service, and waits until it is done. */
export function actOn(verb: keyof typeof done): (options: Options, target: string) => Promise<number> {
  return async (options, target) => {
    const [service = "", process] = target.split("/");
    const { reason, timeout } = options;
    const result = await new Client(controlSocket(options)).run(
      `service.${verb}`,
      { service, ...(process === undefined ? {} : { process }) },
      {
        ...(reason === undefined ? {} : { reason }),
        ...(timeout === undefined ? {} : { timeoutMs: durationOf(timeout) }),
      },
    );
    if (options.json) printJson(result);
    else print(`${target} ${done[verb]}`);
    return 0;
  };
}

/** @throws OstlerError `bad-request` */
export function durationOf(text: string): number {
  const parsed = duration.safeParse(text);
  if (!parsed.success)
    throw new OstlerError("bad-request", `"${text}" ${parsed.error.issues[0]?.message ?? "is not a duration"}`);
  return parsed.data;
}
