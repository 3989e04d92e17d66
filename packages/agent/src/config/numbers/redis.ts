import * as z from "zod";
import { setting } from "../setting.js";
import { redisCommand, redisServer } from "../redis.js";
import { metricName, picked, someOf } from "./metric.js";

const value = z.strictObject({
  command: setting(redisCommand, "A command whose reply is a number, like [LLEN, queue]"),
  field: setting(z.string().min(1).optional(), "Field of the reply of INFO, like `used_memory`"),
  ...picked,
});

const list = z.strictObject({
  match: setting(z.string().min(1), "Pattern of the keys, like `DLQ:*`; they are found by SCAN, bit by bit"),
  max_keys: setting(
    z.int().min(1).max(10_000).default(100),
    "So many keys are shown; with more the source is unreachable",
  ),
  help: picked.help,
});

export const redisNumbers = z
  .strictObject({
    ...redisServer,
    values: setting(someOf(value).optional(), "The metrics, by name"),
    lists: setting(
      z.record(metricName, list).default({}),
      "The lengths of all lists whose keys match, as one metric each, with the label `key`",
    ),
  })
  .refine(({ values = {}, lists }) => Object.keys({ ...values, ...lists }).length > 0, "needs values or lists");
export type RedisNumbers = z.output<typeof redisNumbers>;
