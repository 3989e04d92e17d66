import { open } from "node:fs/promises";
import { OstlerError } from "@ostler/protocol";
import { headerOf, maxHeaderBytes, type ManifestHeader } from "../../core/backup/manifest.js";

const blockBytes = 64 * 1024;

/** Reads the first line of a manifest and no more, however many files it tells of. @throws OstlerError, or that of the system */
export async function readHeader(path: string): Promise<ManifestHeader> {
  const file = await open(path, "r");
  try {
    const blocks: Buffer[] = [];
    for (let bytes = 0; bytes < maxHeaderBytes;) {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(blockBytes), 0, blockBytes, bytes);
      const block = buffer.subarray(0, bytesRead);
      blocks.push(block);
      bytes += bytesRead;
      if (bytesRead === 0 || block.includes(0x0a)) return headerOf(Buffer.concat(blocks).toString());
    }
    throw new OstlerError("failed", `The first line of ${path} is longer than ${maxHeaderBytes} bytes.`);
  } finally {
    await file.close();
  }
}
