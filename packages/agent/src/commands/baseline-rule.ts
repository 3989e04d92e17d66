import type { Handler } from "../core/dispatcher.js";
import type { Rules } from "../sources/rules/rules.js";

export function baselineRule(rules: Rules): Handler<"rule.baseline"> {
  return async ({ service, rule, value }, { actor }) => ({
    value: rules.baseline({ service, rule, ...(value === undefined ? {} : { value }) }, actor),
  });
}
