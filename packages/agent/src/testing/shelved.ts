import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseBackupId } from "../core/backup/backup-id.js";
import { manifestFormat, manifestLines, type ManifestHeader } from "../core/backup/manifest.js";

/** Puts a backup into a directory, as the program for archives would, but with any content as its archive. */
export function shelve(
  directory: string,
  id: string,
  content: string | Buffer = `archive of ${id}`,
  agentId = "0".repeat(32),
): ManifestHeader {
  const { service, name, timeMs } = parseBackupId(id) ?? { service: "", name: "", timeMs: 0 };
  const file = `${id}.tar.gz`;
  const header: ManifestHeader = {
    ...{ format: manifestFormat, id, service, name, time: new Date(timeMs).toISOString(), tookMs: 12, mode: "hot" },
    agent: { id: agentId, name: "host", version: "0.1.0" },
    ...{ configHash: "0".repeat(64), paths: ["/data"], exclude: [] },
    archive: {
      ...{ file, bytes: Buffer.byteLength(content), compression: "gzip", encrypted: false },
      sha256: createHash("sha256").update(content).digest("hex"),
    },
    totals: { files: 1, directories: 0, links: 0, bytes: 1 },
    ...{ changed: [], vanished: [], skipped: [] },
  };
  const time = "2026-11-21T10:00:00.000Z";
  const one = { path: "data", type: "file", size: 1, mode: "0644", uid: 0, gid: 0, mtime: time } as const;
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, file), content);
  writeFileSync(join(directory, `${id}.sha256`), `${"0".repeat(64)}  data\n`);
  writeFileSync(join(directory, `${id}.json`), [...manifestLines(header, [one])].join(""));
  return header;
}
