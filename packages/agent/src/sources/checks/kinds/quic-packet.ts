/** The ids by which two ends of a QUIC connection know each other's packets. */
export type ConnectionIds = { destination: Buffer; source: Buffer };

/** Servers ignore smaller first packets (RFC 9000, 14.1). */
const packetBytes = 1200;

/** Bytes of each id: the least that servers accept from a client. */
const idBytes = 8;

const longHeader = 0x80;
const fixedBit = 0x40;
const tokenBytes = 1;
const lengthBytes = 2;

/** Random bytes that a question needs. */
export const randomBytesNeeded = packetBytes;

/**
 * A packet that asks for a version which is reserved so that nobody can have it (RFC 9000, 15), in the shape of an Initial
 * one. It is made of random bytes, which must be as many as needed.
 */
export function questionOf(random: Buffer): { packet: Buffer; ids: ConnectionIds } {
  const packet = Buffer.from(random.subarray(0, packetBytes));
  packet[0] = longHeader | fixedBit | ((random[0] ?? 0) & 0x0f);
  for (let at = 1; at <= 4; at++) packet[at] = ((random[at] ?? 0) & 0xf0) | 0x0a;
  packet[5] = idBytes;
  const destination = packet.subarray(6, 6 + idBytes);
  packet[6 + idBytes] = idBytes;
  const source = packet.subarray(7 + idBytes, 7 + 2 * idBytes);
  const rest = 7 + 2 * idBytes;
  packet[rest] = 0; // No token.
  packet.writeUInt16BE(0x4000 | (packetBytes - rest - tokenBytes - lengthBytes), rest + tokenBytes);
  return { packet, ids: { destination, source } };
}

/** The versions that an answer offers (RFC 9000, 17.2.1), or why it is no answer to the question with these ids. */
export function offeredVersions(answer: Buffer, { destination, source }: ConnectionIds): number[] | string {
  const first = answer[0] ?? 0;
  if (answer.length < 7 || (first & longHeader) === 0) return `what is no QUIC (${bytesOf(answer)})`;
  const version = answer.readUInt32BE(1);
  if (version !== 0) return `a packet of version ${inHex(version)} instead of the versions that it speaks`;
  const destinationEnd = 6 + (answer[5] ?? 0);
  const sourceEnd = destinationEnd + 1 + (answer[destinationEnd] ?? 0);
  if (sourceEnd > answer.length) return `a packet that is cut off (${bytesOf(answer)})`;
  const isOurs =
    answer.subarray(6, destinationEnd).equals(source) &&
    answer.subarray(destinationEnd + 1, sourceEnd).equals(destination);
  if (!isOurs) return "a packet with the ids of another connection";
  const list = answer.subarray(sourceEnd);
  if (list.length === 0 || list.length % 4 !== 0) return `a list of versions of ${list.length} bytes`;
  return Array.from({ length: list.length / 4 }, (_, at) => list.readUInt32BE(4 * at));
}

/** The number of a version as it is written in the configuration: QUIC 2 has a number of its own (RFC 9369). */
export function versionNumber(written: string): number {
  return written === "2" ? 0x6b3343cf : Number(written);
}

/** Versions in words, without those that only keep others from relying on the list. */
export function versionsInWords(versions: readonly number[]): string {
  const real = versions.filter((version) => !isReserved(version));
  return real
    .map((version) => (version === 1 ? "1" : version === versionNumber("2") ? "2" : inHex(version)))
    .join(", ");
}

function isReserved(version: number): boolean {
  return (version & 0x0f0f0f0f) === 0x0a0a0a0a;
}

function inHex(version: number): string {
  return `0x${version.toString(16).padStart(8, "0")}`;
}

function bytesOf(answer: Buffer): string {
  return `${answer.length} bytes, ${answer.subarray(0, 8).toString("hex")}…`;
}
