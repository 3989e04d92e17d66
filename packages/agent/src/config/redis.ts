import * as z from "zod";
import { isReading } from "../core/redis-commands.js";
import { setting } from "./setting.js";
import { tlsOptions } from "./tls.js";
import { address } from "./values.js";

/** A Redis server, and who asks it. */
export const redisServer = {
  address: setting(address, "`host:port` of the server"),
  username: setting(z.string().min(1).optional(), "User to log in as; the default user when absent"),
  password: setting(z.string().min(1).optional(), "Its password; take it from `${file:…}`", { secret: true }),
  db: setting(z.int().min(0).max(65_535).default(0), "Number of the database"),
  tls: setting(tlsOptions.optional(), "Speaks TLS to the server"),
};

/** A command that only reads, word by word. */
export const redisCommand = z
  .array(z.union([z.string(), z.number()], "must be text or a number").transform(String))
  .min(1, "must name a command")
  .refine(
    (command) => command.length === 0 || isReading(command),
    "must be a command that only reads, like LLEN, GET, EXISTS, DBSIZE or INFO",
  );
