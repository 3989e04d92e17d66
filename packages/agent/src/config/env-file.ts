import * as z from "zod";
import { setting } from "./setting.js";

/** A file of KEY=VALUE lines; one that is optional may be absent. */
export type EnvFile = { path: string; optional: boolean };

const wanted = "must name a file, or a list of files";

const file = z
  .string(wanted)
  .refine((text) => text !== "" && text !== "-" && !text.includes("\0"), wanted)
  .transform((text): EnvFile =>
    text.startsWith("-") ? { path: text.slice(1), optional: true } : { path: text, optional: false },
  );

/** Only the paths are configuration: the values are read at each start, and never shown. */
export const envFiles = setting(
  z
    .union([file, z.array(file, wanted)], wanted)
    .transform((files) => [files].flat())
    .optional(),
  "Files of KEY=VALUE lines, read at each start, relative to the configuration file; they win over `env`, the last over all. " +
    "One whose path begins with - may be absent",
  { effect: "restarts-process" },
);
