import { parseBackupId } from "./backup-id.js";

/** A name in a directory of backups that belongs to one of them. */
export type ShelfName = { file: string; id: string; is: "manifest" | "content" | "part" };

/** Nothing for what is none of ours, which is left alone. */
export function shelfName(file: string): ShelfName | undefined {
  const [, id = "", kind, part] = pattern.exec(file) ?? [];
  if (parseBackupId(id) === undefined) return undefined;
  return { file, id, is: part !== undefined ? "part" : kind === "json" ? "manifest" : "content" };
}

export const manifestName = (id: string): string => `${id}.json`;
export const sumsName = (id: string): string => `${id}.sha256`;
export const partName = (file: string): string => `${file}.part`;

const pattern = /^([^/]+?)\.(tar(?:\.zst|\.gz)?(?:\.age)?|sha256|json)(\.part)?$/;
