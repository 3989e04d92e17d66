import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { messageOf } from "@ostler/protocol";
import { createSecureContext } from "node:tls";
import type { Loaded } from "./config/load.js";
import { processesOf, taskOf } from "./config/services.js";
import { openStore } from "./store.js";
import { findProgram } from "./platform/program.js";
import { whyNotAttached } from "./sources/supervisor/attached/preflight.js";
import { preflight } from "./sources/supervisor/preflight.js";

/** What a valid configuration still needs from its host. */
export type Finding = { path: string; message: string };

/** Looks for programs, directories, certificates and a free port. Starts nothing. */
export async function preflightAll({ config }: Loaded): Promise<Finding[]> {
  const findings: Finding[] = [];
  const find = (path: string, message: string): void => void findings.push({ path, message });
  const { problems } = await openStore(config.agent);
  for (const { part, reason } of problems) find(`agent (${part})`, reason);
  for (const [service, serviceConfig] of Object.entries(config.services)) {
    if (serviceConfig.attach) {
      const reasons = await whyNotAttached(serviceConfig.attach, process.env);
      for (const reason of reasons) find(`services.${service}`, reason);
      continue;
    }
    for (const [process_, processConfig] of Object.entries(processesOf(serviceConfig))) {
      const verdict = preflight(processConfig, process.env);
      if ("reason" in verdict) find(`services.${service} (${process_})`, verdict.reason);
    }
  }
  for (const [service, serviceConfig] of Object.entries(config.services))
    for (const name of Object.keys(serviceConfig.tasks)) {
      const task = taskOf(serviceConfig, name);
      const verdict = task && findProgram(task, process.env);
      if (verdict && "reason" in verdict) find(`services.${service}.tasks.${name}`, verdict.reason);
    }
  const { tls, listen } = config.http;
  attempt(
    "http.tls",
    find,
    () => tls && createSecureContext({ cert: readFileSync(tls.cert), key: readFileSync(tls.key) }),
  );
  for (const [at, controller] of config.controllers.entries())
    attempt(`controllers.${at}.tls.ca`, find, () => controller.tls && readFileSync(controller.tls.ca));
  if (listen !== "off") {
    const reason = await whyNotFree(listen);
    if (reason !== undefined) find("http.listen", reason);
  }
  return findings;
}

function attempt(path: string, find: (path: string, message: string) => void, look: () => unknown): void {
  try {
    look();
  } catch (failure) {
    find(path, messageOf(failure));
  }
}

function whyNotFree(listen: { host: string; port: number }): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (failure) => resolve(failure.message));
    server.listen(listen, () => server.close(() => resolve(undefined)));
  });
}
