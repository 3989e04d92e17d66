import { messageOf } from "@ostler/protocol";
import type { RedisCheck } from "../../../config/checks/redis.js";
import { inWords } from "../../../config/http.js";
import { fieldIn, RedisClient } from "../../../platform/redis-client.js";
import type { Reply } from "../../../platform/resp.js";
import { failed, passed, type Probe, type Verdict } from "../verdict.js";
import { whyNoMatch } from "./match.js";

/** So much of a reply is looked at by a pattern. */
const maxMatched = 4096;
/** So much of a reply is told. */
const maxTold = 100;

/** Asks a Redis server one thing on a connection of its own, and judges its reply. */
export function redisProbe(check: RedisCheck): Probe {
  const where = inWords(check.address);
  return async (signal) => {
    try {
      using client = await RedisClient.open(check, signal);
      return judgeReply(await client.askOne(check.command), check);
    } catch (failure) {
      return failed(`${where}: ${messageOf(failure)}`);
    }
  };
}

type Expectations = Pick<RedisCheck, "address" | "command" | "field" | "equals" | "at_least" | "at_most" | "matches">;

/** Is the reply what was wanted? */
export function judgeReply(reply: Reply, wanted: Expectations): Verdict {
  const { command, field, equals, at_least, at_most, matches } = wanted;
  const asked = `${inWords(wanted.address)}: ${command.join(" ")}`;
  if (reply === null) return failed(`${asked}: there is no such key`);
  const whole = typeof reply === "string" ? reply : typeof reply === "number" ? String(reply) : JSON.stringify(reply);
  const text = field === undefined ? whole : fieldIn(whole, field);
  if (text === undefined) return failed(`${asked} has no field ${field ?? ""}`);
  const what = `${asked}${field === undefined ? "" : ` ${field}`}`;
  const told = `${what} is ${text.trim().slice(0, maxTold)}`;
  if (equals !== undefined && text !== equals) return failed(`${told}, not ${equals}`);
  const unmatched = matches === undefined ? undefined : whyNoMatch(matches, text.slice(0, maxMatched));
  if (unmatched !== undefined) return failed(`${what}: ${unmatched}`);
  if (at_least === undefined && at_most === undefined) return passed;
  const value = text.trim() === "" ? NaN : Number(text);
  if (Number.isNaN(value)) return failed(`${told}, which is no number`);
  if (at_least !== undefined && value < at_least) return failed(`${told}, less than ${at_least}`);
  if (at_most !== undefined && value > at_most) return failed(`${told}, more than ${at_most}`);
  return passed;
}
