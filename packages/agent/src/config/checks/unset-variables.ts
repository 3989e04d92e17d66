import { namesIn } from "../../core/template.js";
import type { Complaint } from "../problems.js";
import type { ServiceConfig } from "../services.js";
import type { CheckConfig } from "./check.js";
import { variableOf } from "./templates.js";
import { textsOf } from "./transaction.js";

/** The variables that templates of checks name and the environment lacks. */
export function unsetVariablesIn(
  services: Readonly<Record<string, ServiceConfig>>,
  env: NodeJS.ProcessEnv,
): Complaint[] {
  return Object.entries(services).flatMap(([service, { checks }]) =>
    checks.flatMap((check, at) =>
      textsIn(check).flatMap(({ path, text }) =>
        namesIn(text)
          .map(variableOf)
          .filter((variable) => variable !== undefined && env[variable] === undefined)
          .map((variable) => ({
            path: ["services", service, "checks", at, ...path],
            atKey: false,
            message: `the variable ${variable} is not set`,
          })),
      ),
    ),
  );
}

/** Where in a check there are templates. */
function textsIn(check: CheckConfig): { path: (string | number)[]; text: string }[] {
  if (check.kind === "http") return check.body === undefined ? [] : [{ path: ["body"], text: check.body }];
  if (check.kind !== "transaction") return [];
  return (["steps", "cleanup"] as const).flatMap((list) =>
    check[list].flatMap((step, at) => textsOf(step).map(({ path, text }) => ({ path: [list, at, ...path], text }))),
  );
}
