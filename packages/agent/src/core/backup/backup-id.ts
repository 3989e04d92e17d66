/** What an id tells of its backup. `count` is 1, and more where several were made within a second. */
export type BackupId = { service: string; name: string; timeMs: number; count: number };

/** `SERVICE.NAME.20261121T131500Z`, in UTC; the second within a second ends in `-2`. Sorted as text, `-10` comes before `-2`. */
export function backupIdOf({ service, name, timeMs, count }: BackupId): string {
  const time = new Date(timeMs).toISOString().replace(/[-:]|\.\d+/g, "");
  return `${service}.${name}.${time}${count === 1 ? "" : `-${count}`}`;
}

/** An id that nothing has yet. */
export function newBackupId(of: Omit<BackupId, "count">, isTaken: (id: string) => boolean): string {
  for (let count = 1; ; count++) {
    const id = backupIdOf({ ...of, count });
    if (!isTaken(id)) return id;
  }
}

/** Nothing for what is no id, or has a time that is none. */
export function parseBackupId(text: string): BackupId | undefined {
  const [whole, service, name, year, month, day, hour, minute, second, count] = pattern.exec(text) ?? [];
  if (whole === undefined || service === undefined || name === undefined) return undefined;
  const timeMs = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (Number.isNaN(timeMs)) return undefined;
  const parsed = { service, name, timeMs, count: Number(count ?? 1) };
  return backupIdOf(parsed) === text ? parsed : undefined; // The 30th of February has become another day.
}

/** Sorts from old to new; of one moment by service and name. What is no id comes first. */
export function compareBackupIds(a: string, b: string): number {
  const [one, other] = [parseBackupId(a), parseBackupId(b)];
  if (!one || !other) return Number(one !== undefined) - Number(other !== undefined) || byText(a, b);
  return one.timeMs - other.timeMs || one.count - other.count || byText(a, b);
}

/** Services and sets have names without a dot. */
const pattern =
  /^([A-Za-z0-9][A-Za-z0-9_-]{0,62})\.([A-Za-z0-9][A-Za-z0-9_-]{0,62})\.(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z(?:-([1-9]\d{0,8}))?$/;

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
