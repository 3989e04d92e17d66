import * as z from "zod";
import { setting } from "../setting.js";
import { percent, size, type Bytes } from "../values.js";
import { common } from "./common.js";

const freeWanted = "must be a share like 10%, or a size like 5GiB";

const free = z
  .string(freeWanted)
  .regex(/^\d+(\.\d+)?(B|KiB|MiB|GiB|TiB|%)$/, freeWanted)
  .transform((text): Bytes | { percent: number } =>
    text.endsWith("%") ? { percent: percent.parse(text) } : size.parse(text),
  );
export type Free = z.output<typeof free>;

export const diskCheck = z
  .strictObject({
    ...common,
    kind: z.literal("disk"),
    path: setting(z.string().min(1), "Any path on the file system that is looked at"),
    free_at_least: setting(free.optional(), "Less space fails; what is kept for root alone does not count"),
    warn_free_at_least: setting(free.optional(), "Less space warns"),
    inodes_free_at_least: setting(percent.optional(), "A smaller share of free inodes fails"),
  })
  .refine(
    ({ free_at_least, warn_free_at_least, inodes_free_at_least }) =>
      free_at_least !== undefined || warn_free_at_least !== undefined || inodes_free_at_least !== undefined,
    "needs free_at_least, warn_free_at_least or inodes_free_at_least",
  );
export type DiskCheck = z.output<typeof diskCheck>;
