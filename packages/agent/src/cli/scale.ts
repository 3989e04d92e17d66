import { OstlerError } from "@ostler/protocol";
import { Client } from "./client.js";
import { controlSocket, type Globals } from "./globals.js";
import { print, printJson } from "./output.js";
import { durationOf } from "./service.js";

type Options = Globals & { reason?: string; timeout?: string };

/** Changes how many instances of a process run, and waits until so many do. */
export async function scale(options: Options, target: string, number: string): Promise<number> {
  const [service = "", process] = target.split("/");
  if (process === undefined)
    throw new OstlerError("bad-request", `"${target}" names no process: write SERVICE/PROCESS, like web/worker`);
  const instances = Number(number);
  if (!/^\d+$/.test(number)) throw new OstlerError("bad-request", `"${number}" is not a number of instances`);
  const { reason, timeout } = options;
  const result = await new Client(controlSocket(options)).run(
    "service.scale",
    { service, process, instances },
    {
      ...(reason === undefined ? {} : { reason }),
      ...(timeout === undefined ? {} : { timeoutMs: durationOf(timeout) }),
    },
  );
  if (options.json) printJson(result);
  else print(`${target} has ${instances} ${instances === 1 ? "instance" : "instances"}`);
  return 0;
}
