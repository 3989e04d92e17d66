/**
 * What the agent may ask a Redis server: commands that read, none of which goes through all keys at once as KEYS does. A word alone
 * allows every form of the command; of the others only the named forms.
 */
export const readingCommands: readonly string[] = [
  ...["PING", "ECHO", "TIME", "DBSIZE", "INFO", "LASTSAVE", "ROLE"],
  ...["EXISTS", "TYPE", "TTL", "PTTL", "STRLEN", "GET", "GETRANGE", "GETBIT", "BITCOUNT", "SCAN", "RANDOMKEY"],
  ...["LLEN", "LINDEX", "SCARD", "SISMEMBER", "HLEN", "HGET", "HEXISTS", "HSTRLEN"],
  ...["ZCARD", "ZCOUNT", "ZSCORE", "ZRANK", "ZLEXCOUNT", "XLEN", "XPENDING", "PFCOUNT"],
  ...["MEMORY USAGE", "OBJECT ENCODING", "OBJECT IDLETIME", "OBJECT FREQ", "PUBSUB NUMSUB", "PUBSUB NUMPAT"],
  ...["CLUSTER INFO", "LATENCY LATEST", "SLOWLOG LEN", "XINFO STREAM", "XINFO GROUPS", "COMMAND COUNT", "CLIENT ID"],
  ...["JSON.GET", "JSON.TYPE", "JSON.STRLEN", "JSON.ARRLEN", "JSON.OBJLEN"],
];

/** Does the command only read? */
export function isReading(command: readonly string[]): boolean {
  const [first = "", second = ""] = command.map((word) => word.toUpperCase());
  return readingCommands.includes(first) || readingCommands.includes(`${first} ${second}`);
}
