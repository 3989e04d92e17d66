import * as z from "zod";
import { setting } from "../setting.js";
import { command, environment } from "../values.js";
import { jsonPath } from "./json-path.js";
import { metricName, picked } from "./metric.js";

const value = z.strictObject({
  path: setting(jsonPath.optional(), "JSONPath (RFC 9535) of one value; for `json` alone"),
  ...picked,
});

export const execNumbers = z
  .strictObject({
    command: setting(command, "Program and arguments; no shell. It must end with exit code 0"),
    env: setting(environment.default({}), "Added to PATH, HOME and the like", { secret: "by-name" }),
    format: setting(
      z.enum(["prometheus", "json", "number"]),
      "What it writes: Prometheus' text format, JSON, or one number and nothing else",
    ),
    values: setting(
      z.record(metricName, value).default({}),
      "The metrics, by name: as for `json`; exactly one for `number`; none for `prometheus`, where they have names",
    ),
  })
  .superRefine(({ format, values }, context) => {
    const names = Object.keys(values);
    const refuse = (message: string, path: string[] = ["values"]): void =>
      context.addIssue({ code: "custom", path, message });
    if (format === "prometheus" && names.length > 0) refuse("is of no use with format: prometheus");
    if (format === "json" && names.length === 0) refuse("must name at least one metric");
    if (format === "number" && names.length !== 1) refuse("must name exactly one metric with format: number");
    for (const name of names) {
      const hasPath = values[name]?.path !== undefined;
      if (format === "json" && !hasPath) refuse("needs path", ["values", name]);
      if (format === "number" && hasPath) refuse("is of no use with format: number", ["values", name, "path"]);
    }
  });
export type ExecNumbers = z.output<typeof execNumbers>;
