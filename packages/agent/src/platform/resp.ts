/** What a Redis server answers, in RESP2. A command that it refuses is answered with its own words. */
export type Reply = string | number | null | RedisRefusal | Reply[];

export type RedisRefusal = { refused: string };

/** No command that only reads nests its reply deeper. */
const maxDepth = 8;

/** A command as it goes over the wire. */
export function encodeCommand(words: readonly string[]): string {
  const bulks = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
  return `*${words.length}\r\n${bulks.join("")}`;
}

/** The reply that begins at `at` and where it ends; nothing while there is not all of it. @throws Error for what is no RESP2 */
export function decodeReply(bytes: Buffer, at: number, depth = 0): { reply: Reply; end: number } | undefined {
  const lineEnd = bytes.indexOf("\r\n", at);
  if (lineEnd < 0) return undefined;
  const line = bytes.toString("utf8", at + 1, lineEnd);
  const end = lineEnd + 2;
  switch (bytes[at]) {
    case 0x2b: // +
      return { reply: line, end };
    case 0x2d: // -
      return { reply: { refused: line }, end };
    case 0x3a: // :
      return { reply: lengthIn(line), end };
    case 0x24: // $
      return bulkAt(bytes, end, lengthIn(line));
    case 0x2a: // *
      return arrayAt(bytes, end, lengthIn(line), depth);
    default:
      throw new Error(
        `it does not speak the protocol of Redis: ${JSON.stringify(bytes.toString("latin1", at, at + 20))}`,
      );
  }
}

function bulkAt(bytes: Buffer, at: number, length: number): { reply: Reply; end: number } | undefined {
  if (length < 0) return { reply: null, end: at };
  const end = at + length;
  return bytes.length < end + 2 ? undefined : { reply: bytes.toString("utf8", at, end), end: end + 2 };
}

function arrayAt(bytes: Buffer, at: number, length: number, depth: number): { reply: Reply; end: number } | undefined {
  if (length < 0) return { reply: null, end: at };
  if (depth === maxDepth) throw new Error(`a reply is nested deeper than ${maxDepth} levels`);
  const items: Reply[] = [];
  for (let end = at; ;) {
    if (items.length === length) return { reply: items, end };
    const item = decodeReply(bytes, end, depth + 1);
    if (!item) return undefined;
    items.push(item.reply);
    end = item.end;
  }
}

function lengthIn(line: string): number {
  if (!/^-?\d{1,19}$/.test(line))
    throw new Error(`it does not speak the protocol of Redis: no number in ${JSON.stringify(line.slice(0, 20))}`);
  return Number(line);
}
