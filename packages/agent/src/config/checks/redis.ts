import * as z from "zod";
import { pattern } from "../pattern.js";
import { redisCommand, redisServer } from "../redis.js";
import { setting } from "../setting.js";
import { common } from "./common.js";

const expected = z.union([z.string(), z.number()], "must be text or a number").transform(String);

export const redisCheck = z
  .strictObject({
    ...common,
    kind: z.literal("redis"),
    ...redisServer,
    command: setting(
      redisCommand.prefault(["PING"]),
      "Command that only reads, like [LLEN, queue] or [INFO, replication]",
    ),
    field: setting(
      z.string().min(1).optional(),
      "Field of the reply of INFO that is judged, like `master_link_status`",
    ),
    equals: setting(expected.optional(), "The reply must be this"),
    at_least: setting(z.number().optional(), "The reply must be a number that is not less"),
    at_most: setting(z.number().optional(), "The reply must be a number that is not more"),
    matches: setting(pattern.optional(), "Regular expression that the reply must match; its first 4 KiB are looked at"),
  })
  .refine(({ at_least = -Infinity, at_most = Infinity }) => at_least <= at_most, "must not want more than it allows")
  .refine(({ field, command }) => field === undefined || command[0]?.toUpperCase() === "INFO", {
    path: ["field"],
    error: "is of use only with the command INFO",
  });
export type RedisCheck = z.output<typeof redisCheck>;
