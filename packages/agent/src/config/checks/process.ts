import * as z from "zod";
import { setting } from "../setting.js";
import { percent, size, type Bytes } from "../values.js";
import { common } from "./common.js";

const limits = {
  memory_at_most: setting(size.optional(), "Resident memory of a process and everything that came from it"),
  cpu_at_most: setting(percent.optional(), "Its CPU time, in percent of one core"),
};

export const processCheck = z.strictObject({
  ...common,
  kind: z.literal("process"),
  children: setting(
    z.record(z.string().min(1).max(15), z.int().min(0)).default({}),
    "How many processes of a name (`ps -o comm`) must at least have come from it",
  ),
  ...limits,
  warn: setting(z.strictObject(limits).prefault({}), "Beyond these it passes with a warning"),
});
export type ProcessCheck = z.output<typeof processCheck>;
export type ProcessLimits = { memory_at_most?: Bytes | undefined; cpu_at_most?: number | undefined };
