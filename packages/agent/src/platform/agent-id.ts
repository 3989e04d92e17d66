import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { replaceFile } from "./disk.js";

const fileName = "agent.id";

/** The agent's identity: read from its data directory, or made and stored there. */
export async function agentIdIn(dataDir: string): Promise<string> {
  const path = join(dataDir, fileName);
  const known = read(path);
  if (known) return known;
  const id = uuidv7(Date.now(), randomBytes(10));
  await replaceFile(path, `${id}\n`, dataDir);
  return id;
}

/** An identity for a host where none can be stored: always the same for this host and directory. */
export function derivedAgentId(dataDir: string): string {
  const machine = read("/etc/machine-id") ?? "";
  const digest = createHash("sha256").update(`ostler ${machine} ${dataDir}`).digest();
  return uuidv7(0, digest.subarray(0, 10));
}

/** RFC 9562: 48 bits of milliseconds, then random bits. */
export function uuidv7(nowMs: number, random: Buffer): string {
  const bytes = Buffer.alloc(16);
  bytes.writeUIntBE(nowMs, 0, 6);
  random.copy(bytes, 6);
  bytes.writeUInt8(0x70 | (bytes.readUInt8(6) & 0x0f), 6);
  bytes.writeUInt8(0x80 | (bytes.readUInt8(8) & 0x3f), 8);
  const hex = bytes.toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim() || undefined;
  } catch {
    return undefined;
  }
}
