import * as z from "zod";
import { setting } from "../setting.js";
import { duration, size } from "../values.js";
import { common } from "./common.js";

const limits = {
  newer_than: setting(duration.optional(), "It was last written within this time"),
  older_than: setting(duration.optional(), "It was last written longer ago than this"),
  at_least: setting(size.optional(), "It has at least this size"),
  at_most: setting(size.optional(), "It has at most this size"),
};

const limitsOfFile = z.strictObject(limits);
export type FileLimits = z.output<typeof limitsOfFile>;

export const fileCheck = z
  .strictObject({
    ...common,
    kind: z.literal("file"),
    path: setting(z.string().min(1), "File or directory that is looked at"),
    exists: setting(z.boolean().default(true), "`false`: it must not be there"),
    ...limits,
    warn: setting(limitsOfFile.prefault({}), "The same limits, narrower: what is beyond them warns"),
  })
  .refine(({ exists, warn, ...own }) => exists || [...wantedOf(own), ...wantedOf(warn)].length === 0, {
    path: ["exists"],
    error: "what must not be there can have neither age nor size",
  });
export type FileCheck = z.output<typeof fileCheck>;

function wantedOf({ newer_than, older_than, at_least, at_most }: FileLimits): number[] {
  return [newer_than, older_than, at_least, at_most].filter((limit) => limit !== undefined);
}
