import { OstlerError, notFound, type CheckResult, type HostState } from "@ostler/protocol";
import { Client } from "./client.js";
import { controlSocket, type Globals } from "./globals.js";
import { paint, print, printJson } from "./output.js";

/** Asks a check once, now; exit code 7 when it fails. */
export async function runCheck(globals: Globals, target: string): Promise<number> {
  const client = new Client(controlSocket(globals));
  const args = targetIn(await client.state(), target);
  const { data } = await client.run("check.run", args);
  const result = data as CheckResult;
  if (globals.json) printJson({ ...args, ...result });
  else print(inWords(args, result));
  return result.status === "failed" ? 7 : 0;
}

function inWords({ service, check }: Target, { status, reason, tookMs }: CheckResult): string {
  const colour = { pending: "yellow", passed: "green", warned: "yellow", failed: "red" } as const;
  const why = reason === undefined ? "" : `: ${reason}`;
  return `${service}/${check} ${paint(colour[status], status)} after ${Math.round(tookMs)} ms${why}`;
}

type Target = { service: string; check: string };

/** `SERVICE/CHECK`, or a check's name alone where only one service has it. @throws OstlerError `not-found`, `bad-request` */
function targetIn({ services }: HostState, target: string): Target {
  const slash = target.indexOf("/");
  if (slash >= 0) return { service: target.slice(0, slash), check: target.slice(slash + 1) };
  const all = Object.entries(services).flatMap(([service, { checks }]) =>
    Object.keys(checks).map((check) => ({ service, check })),
  );
  const [first, ...others] = all.filter(({ check }) => check === target);
  const names = all.map(({ service, check }) => `${service}/${check}`);
  if (!first) throw notFound("check", target, names);
  if (others.length === 0) return first;
  const those = [first, ...others].map(({ service, check }) => `${service}/${check}`);
  throw new OstlerError("bad-request", `Several services have a check "${target}". Say which: ${those.join(", ")}.`);
}
