import { messageOf, type Family } from "@ostler/protocol";
import { inWords } from "../../../config/http.js";
import type { RedisNumbers } from "../../../config/numbers/redis.js";
import { accepted, fieldIn, RedisClient } from "../../../platform/redis-client.js";
import type { Reply } from "../../../platform/resp.js";
import { familyOf, numberIn, type Ask } from "../families.js";

/** About so many keys Redis looks at before it answers a SCAN. */
const keysPerScan = "1000";

/** Replies of a Redis server, on one connection for each look. */
export function askRedis(config: RedisNumbers): Ask {
  return async (signal) => {
    try {
      using client = await RedisClient.open(config, signal);
      const values = await valuesOf(client, config.values ?? {});
      for (const [name, list] of Object.entries(config.lists)) values.push(...(await listsOf(client, name, list)));
      return values;
    } catch (failure) {
      throw new Error(`${inWords(config.address)}: ${messageOf(failure)}`, { cause: failure });
    }
  };
}

/** What a key that is not there would say is absent. */
async function valuesOf(client: RedisClient, values: NonNullable<RedisNumbers["values"]>): Promise<Family[]> {
  const entries = Object.entries(values);
  const replies = await client.ask(entries.map(([, { command }]) => command));
  return entries.flatMap(([name, { command, field, ...picked }], at) => {
    const value = numberOf(accepted(command, replies[at] ?? null), command, field);
    return value === undefined ? [] : [familyOf(name, picked, value)];
  });
}

function numberOf(reply: Reply, command: readonly string[], field: string | undefined): number | undefined {
  if (field === undefined || typeof reply !== "string") return numberIn(reply, command.join(" "));
  return numberIn(fieldIn(reply, field), `${command.join(" ")} ${field}`);
}

async function listsOf(
  client: RedisClient,
  name: string,
  { match, max_keys, help }: RedisNumbers["lists"][string],
): Promise<Family[]> {
  const keys = await keysOf(client, match, max_keys);
  const replies = await client.ask(keys.map((key) => ["LLEN", key]));
  const points = keys.map((key, at) => {
    const length = accepted(["LLEN", key], replies[at] ?? null);
    return { name, labels: { key }, value: numberIn(length, `LLEN ${key}`) ?? 0 };
  });
  return points.length === 0 ? [] : [{ name, type: "gauge", help, points }];
}

/** The keys of lists that match, sorted. SCAN may tell a key more than once. */
async function keysOf(client: RedisClient, match: string, maxKeys: number): Promise<string[]> {
  const keys = new Set<string>();
  let cursor = "0";
  do {
    const scan = ["SCAN", cursor, "MATCH", match, "COUNT", keysPerScan, "TYPE", "list"];
    const reply = await client.askOne(scan);
    const [next, found] = Array.isArray(reply) ? reply : [];
    if (typeof next !== "string" || !Array.isArray(found)) throw new Error("SCAN was not answered as it should be");
    for (const key of found) if (typeof key === "string") keys.add(key);
    if (keys.size > maxKeys) throw new Error(`more than ${maxKeys} lists match ${match}: see max_keys`);
    cursor = next;
  } while (cursor !== "0");
  return [...keys].sort();
}
