import { parseBackupId } from "../../core/backup/backup-id.js";
import type { ResticSnapshot } from "../../platform/restic/messages.js";

/** What the tags of a snapshot tell of a backup. */
export type TaggedBackup = {
  id: string;
  service: string;
  name: string;
  mode: "hot" | "cold";
  /** Nothing that was to be backed up was there. */
  isNothing: boolean;
  isFlawed: boolean;
  note?: string;
};

const ours = "ostler";
const nothing = "nothing";
/** Set when it was made; hence an option of a command of its own. */
export const flawedTag = "flawed";

export function tagsOf({ id, service, name, mode, isNothing, note }: Omit<TaggedBackup, "isFlawed">): string[] {
  return [
    ...[ours, `service=${service}`, `name=${name}`, `id=${id}`, `mode=${mode}`],
    ...(isNothing ? [nothing] : []),
    ...(note === undefined ? [] : [`note=${written(note)}`]),
  ];
}

/** What all backups of a set have, as `--tag` takes it. */
export function tagsOfSet(service: string, name: string): string {
  return [ours, `service=${service}`, `name=${name}`].join(",");
}

/** Nothing for a snapshot without an id of ours. */
export function backupIn({ tags }: Pick<ResticSnapshot, "tags">): TaggedBackup | undefined {
  const valueOf = (key: string): string | undefined =>
    tags.find((tag) => tag.startsWith(`${key}=`))?.slice(key.length + 1);
  const id = valueOf("id");
  const parsed = id === undefined ? undefined : parseBackupId(id);
  if (id === undefined || !parsed || !tags.includes(ours)) return undefined;
  const note = valueOf("note");
  return {
    ...{ id, service: parsed.service, name: parsed.name, mode: valueOf("mode") === "cold" ? "cold" : "hot" },
    ...{ isNothing: tags.includes(nothing), isFlawed: tags.includes(flawedTag) },
    ...(note === undefined ? {} : { note: read(note) }),
  };
}

/** A comma would end the tag. */
function written(note: string): string {
  return note.trim().replace(/[%,\x00-\x1f\x7f]/g, (unfit) => `%${unfit.charCodeAt(0).toString(16).padStart(2, "0")}`);
}

function read(note: string): string {
  return note.replace(/%([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
}
