import * as z from "zod";
import { setting } from "../setting.js";
import { command, environment } from "../values.js";
import { common } from "./common.js";

export const execCheck = z.strictObject({
  ...common,
  kind: z.literal("exec"),
  command: setting(command, "Program and arguments; exit code 0 passes, 1 passes with a warning, all else fails"),
  env: setting(environment.default({}), "Added to PATH, HOME and the like", { secret: "by-name" }),
});
export type ExecCheck = z.output<typeof execCheck>;
