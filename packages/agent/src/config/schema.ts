import * as z from "zod";
import { agentConfig } from "./agent.js";
import { controllerConfig, nameOf } from "./controllers.js";
import { httpConfig } from "./http.js";
import { serviceConfig } from "./services.js";
import { setting } from "./setting.js";
import { name } from "./values.js";

/** The whole configuration file: the one place where its parts meet. */
export const configSchema = z
  .strictObject({
    agent: setting(agentConfig.prefault({}), "The agent itself"),
    http: setting(httpConfig.prefault({}), "The agent's HTTP interface", { effect: "restarts-part" }),
    services: setting(z.record(name, serviceConfig).default({}), "What lives on this host, by name", {
      effect: "restarts-process",
    }),
    controllers: setting(z.array(controllerConfig).default([]), "Controllers the agent connects to by itself", {
      effect: "restarts-part",
    }),
  })
  .superRefine(({ controllers }, context) => {
    const names = controllers.map(nameOf);
    const twice = names.findIndex((one, at) => names.indexOf(one) !== at);
    if (twice >= 0)
      context.addIssue({
        code: "custom",
        path: ["controllers", twice],
        message: `has the name of another controller, "${names[twice]}": give it a name`,
      });
  });

/** A loaded configuration: valid, with every default in place, paths absolute; frozen all the way down. */
export type Config = Readonly<Written & { agent: Written["agent"] & { run_dir: string } }>;

/** A configuration as it was written, with the defaults that do not depend on where the file lies. */
export type Written = z.output<typeof configSchema>;

export function jsonSchema(): object {
  return { title: "Ostler configuration", ...z.toJSONSchema(configSchema, { io: "input" }) };
}
