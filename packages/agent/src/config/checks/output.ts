import * as z from "zod";
import { setting } from "../setting.js";
import { span } from "../values.js";
import { pattern } from "../pattern.js";
import { common } from "./common.js";

export const outputCheck = z.strictObject({
  ...common,
  kind: z.literal("output"),
  match: setting(
    pattern.optional(),
    "What a line must match to count, as a regular expression; every line counts without",
  ),
  stream: setting(z.enum(["stdout", "stderr"]).optional(), "The stream that is looked at; both when absent"),
  newer_than: setting(span, "Longest time since the last such line. It begins when the check does"),
});
export type OutputCheck = z.output<typeof outputCheck>;
