import { namesIn } from "../../core/template.js";
import type { Complaint } from "../problems.js";
import type { ServiceConfig } from "../services.js";
import { textsOf, variableOf, type TransactionCheck } from "./transaction.js";

/** The variables that templates of transactions name and the environment lacks. */
export function unsetVariablesIn(
  services: Readonly<Record<string, ServiceConfig>>,
  env: NodeJS.ProcessEnv,
): Complaint[] {
  return Object.entries(services).flatMap(([service, { checks }]) =>
    checks.flatMap((check, at) => {
      if (check.kind !== "transaction") return [];
      return unsetIn(check, env).map(({ path, message }) => ({
        path: ["services", service, "checks", at, ...path],
        atKey: false,
        message,
      }));
    }),
  );
}

function unsetIn(check: TransactionCheck, env: NodeJS.ProcessEnv): { path: (string | number)[]; message: string }[] {
  return (["steps", "cleanup"] as const).flatMap((list) =>
    check[list].flatMap((step, at) =>
      textsOf(step).flatMap(({ path, text }) =>
        namesIn(text)
          .map(variableOf)
          .filter((variable) => variable !== undefined && env[variable] === undefined)
          .map((variable) => ({ path: [list, at, ...path], message: `the variable ${variable} is not set` })),
      ),
    ),
  );
}
