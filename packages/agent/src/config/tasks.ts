import * as z from "zod";
import { setting } from "./setting.js";
import { command, environment, span } from "./values.js";

export const taskConfig = z.strictObject({
  command: setting(command, "Program and arguments; no shell. Exit code 0 is success"),
  env: setting(
    environment.default({}),
    "Added to the environment of the service's only process, or to that of the service where it has several",
    {
      secret: "by-name",
    },
  ),
  cwd: setting(
    z.string().min(1).optional(),
    "Working directory, relative to the configuration file; that of the service when absent",
  ),
  timeout: setting(span.prefault("10m"), "After this time it gets SIGTERM, and after 5s more SIGKILL"),
});
export type TaskConfig = z.output<typeof taskConfig>;
